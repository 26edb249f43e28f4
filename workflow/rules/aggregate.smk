rule aggregate_variant:
    input:
        recipe=ancient(f"{STORE}/aggregate/variant/{{address}}/recipe.yaml"),
        runs=ancient(lambda wildcards: FILES.runs(wildcards.address)),
    output:
        f"{STORE}/aggregate/variant/{{address}}/receipt.json",
    log:
        f"{STORE}/aggregate/variant/{{address}}/aggregate.log",
    conda:
        "../../envs/assay.yaml"
    resources:
        **ASKED("aggregate/variant"),
    params:
        store=STORE,
        out=subpath(output[0], parent=True),
    shell:
        "python scripts/aggregate.py --recipe {input.recipe:q} --store {params.store:q}"
        " --out {params.out:q} > {log:q} 2>&1"


rule aggregate_study:
    input:
        recipe=ancient(f"{STORE}/aggregate/study/{{address}}/recipe.yaml"),
        variants=ancient(lambda wildcards: FILES.variants(wildcards.address)),
    output:
        f"{STORE}/aggregate/study/{{address}}/receipt.json",
        report(
            f"{STORE}/aggregate/study/{{address}}/summary.csv",
            caption="../report/summary.rst",
            category=lambda wildcards: FILES.study_of(wildcards.address),
            labels={"result": "All metrics", "type": "table"},
        ),
    log:
        f"{STORE}/aggregate/study/{{address}}/aggregate.log",
    conda:
        "../../envs/assay.yaml"
    resources:
        **ASKED("aggregate/study"),
    params:
        store=STORE,
        out=subpath(output[0], parent=True),
    shell:
        "python scripts/aggregate.py --recipe {input.recipe:q} --store {params.store:q}"
        " --out {params.out:q} > {log:q} 2>&1"
