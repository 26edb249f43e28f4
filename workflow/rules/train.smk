# One job trains and evaluates: a seed, or several seeds one after another, with one output a seed.
for RULE in train_rules(PLAN, FILES, CORES, workflow.is_main_process):

    rule:
        name:
            RULE.name
        input:
            recipe=ancient(f"{STORE}/{{stage}}/{{address}}/recipe.yaml"),
            data=ancient(RULE.data),
            read=ancient(RULE.read),
        output:
            RULE.outputs,
        log:
            RULE.log,
        wildcard_constraints:
            stage="train|evaluate",
            address=RULE.addresses,
        conda:
            "../../envs/assay.yaml"
        threads: PLAN.machine.at_once
        resources:
            **ASKED("train", "evaluate", seeds=len(RULE.seeds or [0])),
        params:
            store=STORE,
            execution=PLAN.machine.arguments(),
            seeds=RULE.arguments,
            at_once=PLAN.machine.at_once,
            cluster="" if workflow.is_main_process else "--on-cluster",
        shell:
            "exec python scripts/cohort.py --recipe {input.recipe:q} --seeds {params.seeds} --store {params.store:q}"
            " {params.execution} --runs-per-gpu {params.at_once} {params.cluster} 2> {log:q}"
