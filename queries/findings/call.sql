-- finds: a call in the hot loop, for which the loop cannot be vectorised
-- refuted-by: with the callee inlined the loop takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), vectorization of function calls
WITH called AS (
    SELECT i.run_id, i.machine_loop, list(DISTINCT regexp_extract(i.operands, '<([^>+@]+)', 1) ORDER BY 1) AS names, list(DISTINCT regexp_extract(i.operands, '<([^>+@]+)', 1)) AS symbols, min(i.line) AS line
    FROM instructions i
    WHERE i.kind = 'call' GROUP BY ALL
), theirs AS (
    -- what the callees take themselves, outside loops or in their own
    SELECT s.run_id, coalesce(s.function, s.symbol) AS symbol, sum(s.count) AS samples FROM samples s GROUP BY ALL
), cost AS (
    SELECT c.run_id, c.machine_loop, sum(t.samples) AS samples FROM called c JOIN theirs t
      ON t.run_id = c.run_id AND list_contains(c.symbols, t.symbol) GROUP BY ALL
)
SELECT h.run_id, id, 0.9 AS strength, now * (1 + coalesce(o.samples, 0) / h.samples) / reach AS part,
       least(1, share + coalesce(o.samples, 0) / sampled) AS of_time,
       'each iteration calls ' || CASE WHEN c.names[1] IN ('', '*') OR c.names[1] IS NULL THEN 'a function through a pointer' ELSE array_to_string(c.names[1:2], ' and ') END ||
       CASE WHEN o.samples > 0 THEN ' (itself ' || printf('%.1f %%', 100.0 * o.samples / sampled) || ' of the time)' ELSE '' END ||
       ', for which the loop cannot be vectorised' AS says,
       CASE WHEN c.names[1] IN ('', '*') OR c.names[1] IS NULL THEN 'take the call out of the loop, or make the callee known: templates, final, -flto with profile'
            ELSE 'let it be inlined (its body in the header, -flto), or call a vector form of it' END AS helps,
       CASE WHEN c.names[1] IN ('', '*') THEN NULL ELSE '-flto' END AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''call'' AND machine_loop = ' || h.machine_loop, 'says': 'a call in the machine loop'}] AS evidence
FROM h JOIN called c USING (run_id, machine_loop) LEFT JOIN cost o USING (run_id, machine_loop)
WHERE loop IS NOT NULL AND entries IS DISTINCT FROM iterations AND NOT list_has_any(c.symbols, ['_Znwm', 'malloc', '_ZdlPv', '_ZdlPvm', 'free', 'calloc'])
