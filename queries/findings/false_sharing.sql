-- finds: threads that may write to neighbouring addresses: the loop takes far longer than its instructions need
-- refuted-by: with one thread the loop takes as long, or perf c2c shows no line that two write
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.4; perf-c2c(1)
WITH threads AS (
    SELECT run_id, count(*) AS starts
    FROM (SELECT i.run_id, i.address, min(e.count) AS ran
          FROM (SELECT run_id, address, unnest(list_prepend({'file': file, 'line': line}, list_transform(frames, lambda f: {'file': f.file, 'line': f.line}))) AS at
                FROM instructions WHERE kind = 'call' AND regexp_matches(operands, 'pthread_create|GOMP_parallel|kmpc_fork|_ZNSt6thread15_M_start')) i
          LEFT JOIN execution e ON e.run_id = i.run_id AND e.file = i.at.file AND e.line = i.at.line GROUP BY ALL) c
    -- a call that was never come to starts nothing
    WHERE coalesce(ran, 1) > 0 GROUP BY run_id
)
SELECT h.run_id, id, CASE WHEN atomics > 0 THEN 0.6
       -- more than a store that the next iteration loads again costs (five cycles or so)
       WHEN cycles > 4 * greatest(model_cycles, 5) THEN 0.94 WHEN r.loop IS NOT NULL THEN 0.5 ELSE 0.83 END AS strength, cycles / least(model_cycles, cycles) AS part,
       'several threads store here, and an iteration takes ' || printf('%.1f', cycles) || ' cycles where the model expects ' || printf('%.1f', model_cycles) || ': as if their data shared cache lines (false sharing)' AS says,
       'give each thread''s data a cache line of its own (alignas(64)), or sum up in a local variable' AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''call'' AND regexp_matches(operands, ''pthread_create|GOMP_parallel|kmpc_fork|_ZNSt6thread15_M_start'')', 'says': t.starts || ' calls that start threads'}] AS evidence
FROM h JOIN threads t USING (run_id)
-- an iteration that reads what the one before it stored waits for that
LEFT JOIN (SELECT DISTINCT run_id, loop FROM remarks WHERE name IN ('UnsafeDep', 'UnsafeMemDep')) r USING (run_id, loop)
WHERE loop IS NOT NULL AND stores > 0 AND cycles > 2.5 * model_cycles AND coalesce(span, 0) < l2 AND NOT calls
