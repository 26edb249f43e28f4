rule report:
    input:
        recipe=ancient(f"{STORE}/report/{{address}}/recipe.yaml"),
        table=ancient(lambda wildcards: FILES.study_table("report", wildcards.address)),
        comparisons=ancient(lambda wildcards: FILES.comparisons(wildcards.address)),
    output:
        f"{STORE}/report/{{address}}/receipt.json",
        report(
            f"{STORE}/report/{{address}}/report.html",
            caption="../report/report.rst",
            category=lambda wildcards: FILES.study_of(wildcards.address),
            labels={"result": "Report", "type": "page"},
        ),
        report(
            directory(f"{STORE}/report/{{address}}/figures"),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category=lambda wildcards: FILES.study_of(wildcards.address),
            labels={"result": "{name}", "type": "figure"},
        ),
    log:
        f"{STORE}/report/{{address}}/report.log",
    conda:
        "../../envs/assay.yaml"
    resources:
        **ASKED("report"),
    params:
        store=STORE,
        out=subpath(output[0], parent=True),
    shell:
        "python scripts/report.py --recipe {input.recipe:q} --store {params.store:q}"
        " --out {params.out:q} > {log:q} 2>&1"
