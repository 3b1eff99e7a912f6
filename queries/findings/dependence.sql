-- finds: an iteration needs what the one before it computed
-- refuted-by: with the chain broken the loop takes as long as before
-- source: Allen, Kennedy, Optimizing Compilers for Modern Architectures, ch. 2; Agner Fog, Optimizing software in C++, ch. 11
SELECT h.run_id, id, CASE WHEN c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles AND cycles < 12 THEN 0.91 WHEN r.words IS NOT NULL AND cycles > 1.5 * model_cycles AND cycles < 12 THEN 0.86 WHEN bound = 'dependencies' THEN 0.75 ELSE 0.5 END AS strength, CASE WHEN c.machine_loop IS NOT NULL THEN now / work_cycles ELSE now / reach END AS part,
       CASE WHEN c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles AND cycles < 12 THEN 'the same element is often met again at once: each count waits until the one before it is stored, ' || printf('%.1f', cycles) || ' cycles an iteration'
            WHEN r.words IS NOT NULL THEN 'an iteration reads what the one before it stored, so that no vectors are used'
            ELSE 'each iteration waits for the one before it: ' || printf('%.1f', least(model_cycles, cycles)) || ' of ' || printf('%.1f', cycles) || ' cycles are a chain of operations' END AS says,
       CASE WHEN c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles THEN 'count in several tables in turn, and add them up afterwards'
            ELSE 'break the chain: work on several independent elements at a time, or change the recurrence' END AS helps, NULL AS flags,
       [{'rows': 'FROM loop_mca WHERE ' || here, 'says': 'llvm-mca: bound by ' || bound}] AS evidence
FROM h LEFT JOIN (SELECT run_id, loop, min(words) AS words FROM remark_words WHERE name IN ('UnsafeDep', 'UnsafeMemDep') GROUP BY ALL) r USING (run_id, loop)
-- a count in memory, in the place that the data tells
LEFT JOIN (SELECT DISTINCT run_id, machine_loop FROM instructions WHERE load_bytes > 0 AND store_bytes > 0 AND moves = 'computed') c USING (run_id, machine_loop)
WHERE machine_loop IS NOT NULL AND loop IS NOT NULL AND cycles IS NOT NULL AND NOT calls
  AND (bound = 'dependencies' AND cycles < 3 * model_cycles AND model_cycles > 1.5 * work_cycles OR r.words IS NOT NULL AND lanes = 1 OR c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles AND cycles < 12)
