# One job trains and evaluates: a run, or several one after another, with one output a run.
for RULE in train_rules(FILES, CORES, workflow.is_main_process):

    rule:
        name:
            RULE.name
        input:
            recipes=ancient(RULE.recipes),
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
            **ASKED("train", "evaluate", seeds=len(RULE.outputs)),
        params:
            store=STORE,
            execution=PLAN.machine.arguments(),
            runs=RULE.arguments,
            at_once=PLAN.machine.at_once,
            cluster="" if workflow.is_main_process else "--on-cluster",
        shell:
            "exec python scripts/cohort.py {params.runs} --store {params.store:q} {params.execution}"
            " --runs-per-gpu {params.at_once} {params.cluster} 2> {log:q}"
