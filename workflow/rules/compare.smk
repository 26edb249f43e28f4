rule compare:
    input:
        recipe=ancient(f"{STORE}/compare/{{address}}/recipe.yaml"),
        runs=ancient(lambda wildcards: FILES.study_table("compare", wildcards.address)),
    output:
        f"{STORE}/compare/{{address}}/receipt.json",
        report(
            f"{STORE}/compare/{{address}}/comparisons.csv",
            caption="../report/comparisons.rst",
            category=lambda wildcards: FILES.study_of(wildcards.address),
            labels={"result": "Comparisons", "type": "table"},
        ),
    log:
        f"{STORE}/compare/{{address}}/compare.log",
    conda:
        "../../envs/assay.yaml"
    resources:
        **ASKED("compare"),
    params:
        runs=subpath(input.runs, parent=True),
        out=subpath(output[0], parent=True),
    shell:
        "python scripts/compare.py --recipe {input.recipe:q} --runs {params.runs:q}/runs.csv"
        " --out {params.out:q} > {log:q} 2>&1"
