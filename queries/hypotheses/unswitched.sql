-- says: a condition that does not change in the loop is asked once before it
-- refuted-by: without the pass the time of b stays
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), simple-loop-unswitch
-- confirm: b: -mllvm -enable-nontrivial-unswitch=false
SELECT d.loop, weighed(0.82, d.verdict, 'faster') AS strength,
       list_filter(['ir_changes: SimpleLoopUnswitchPass changed the loop in b only', timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d JOIN diff_passes p ON p.loop = d.loop AND p.side = 'b' AND p.pass = 'SimpleLoopUnswitchPass'
WHERE d.instructions_b > d.instructions_a
