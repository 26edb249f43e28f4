rule evaluate:
    input:
        recipe=ancient(f"{STORE}/evaluate/{{address}}/recipe.yaml"),
        run=ancient(lambda wildcards: FILES.trained(wildcards.address, wildcards.seed)),
        data=ancient(
            lambda wildcards: FILES.measured_on(wildcards.address, wildcards.seed)
        ),
    output:
        f"{STORE}/evaluate/{{address}}/seed-{{seed}}/receipt.json",
    log:
        f"{STORE}/evaluate/{{address}}/seed-{{seed}}/evaluate.log",
    conda:
        "../../envs/assay.yaml"
    params:
        device=DEVICE,
        run=subpath(input.run, parent=True),
        prepared=subpath(input.data, parent=True),
        out=subpath(output[0], parent=True),
    shell:
        "python scripts/evaluate.py --recipe {input.recipe:q} --run {params.run:q}"
        " --prepared {params.prepared:q} --device {params.device} --out {params.out:q} > {log:q} 2>&1"
