rule prepare:
    input:
        recipe=ancient(f"{STORE}/prepare/{{address}}/recipe.yaml"),
    output:
        f"{STORE}/prepare/{{address}}/{{part}}/receipt.json",
    log:
        f"{STORE}/logs/prepare/{{address}}/{{part}}.log",
    conda:
        "../../envs/assay.yaml"
    resources:
        **ASKED("prepare"),
    params:
        data=DATA,
        out=subpath(output[0], parent=True),
    shell:
        "python scripts/prepare.py --recipe {input.recipe:q} --data {params.data:q} --split {wildcards.part}"
        " --out {params.out:q} > {log:q} 2>&1"
