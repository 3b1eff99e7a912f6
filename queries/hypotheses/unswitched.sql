-- says: a condition that does not change in the loop is asked once before it
-- refuted-by: without the pass the time of b stays
-- expects: faster
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), simple-loop-unswitch
-- confirm: b: -mllvm -enable-nontrivial-unswitch=false
WITH replaced AS (
    SELECT s.side, p.function, min(p.unit || ':' || p.sequence) AS row
    FROM sides s JOIN passes p USING (run_id)
    WHERE p.pass = 'SimpleLoopUnswitchPass' AND (p.changed OR p.title LIKE '%replaced its loop%')
    GROUP BY s.side, p.function
)
SELECT d.loop, 0.84 AS strength,
       list_filter(['passes b: SimpleLoopUnswitchPass replaced a loop of ' || r.function || ' (' || r.row || ')',
                    'machine_loops: ' || d.machine_loops_a || ' of the loop in a, ' || d.machine_loops_b || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN replaced r ON r.side = 'b' AND r.function = d.function
WHERE d.machine_loops_b > d.machine_loops_a
  AND NOT EXISTS (FROM replaced o WHERE o.side = 'a' AND o.function = r.function)
