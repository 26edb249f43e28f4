rule train:
    input:
        recipe=ancient(f"{STORE}/train/{{address}}/recipe.yaml"),
        data=ancient(
            lambda wildcards: FILES.prepared(wildcards.address, wildcards.seed)
        ),
        read=ancient(
            lambda wildcards: FILES.runs_read(wildcards.address, wildcards.seed)
        ),
    output:
        f"{STORE}/train/{{address}}/seed-{{seed}}/receipt.json",
    log:
        f"{STORE}/train/{{address}}/seed-{{seed}}/error.log",
    conda:
        "../../envs/assay.yaml"
    params:
        execution=PLAN.machine.arguments(),
        prepared=subpath(input.data, parent=True),
        read=lambda wildcards: FILES.read_arguments(wildcards.address, wildcards.seed),
        out=subpath(output[0], parent=True),
    shell:
        "python scripts/train.py --planned --quiet --recipe {input.recipe:q} --seed {wildcards.seed}"
        " --prepared {params.prepared:q} {params.execution} {params.read} --out {params.out:q} 2> {log:q}"
