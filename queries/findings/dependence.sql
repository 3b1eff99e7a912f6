-- finds: an iteration needs what the one before it computed
-- refuted-by: with the chain broken the loop takes as long as before
-- source: Allen, Kennedy, Optimizing Compilers for Modern Architectures, ch. 2; Agner Fog, Optimizing software in C++, ch. 11
SELECT h.run_id, id, CASE WHEN bound = 'dependencies' THEN 0.75 ELSE 0.5 END AS strength, now / reach AS part,
       CASE WHEN r.words IS NOT NULL THEN 'an iteration reads what the one before it stored, so that no vectors are used'
            ELSE 'each iteration waits for the one before it: ' || printf('%.1f', least(model_cycles, cycles)) || ' of ' || printf('%.1f', cycles) || ' cycles are a chain of operations' END AS says,
       'break the chain: work on several independent elements at a time, or change the recurrence' AS helps, NULL AS flags,
       [{'rows': 'FROM loop_mca WHERE ' || here, 'says': 'llvm-mca: bound by ' || bound}] AS evidence
FROM h LEFT JOIN (SELECT run_id, loop, min(words) AS words FROM remark_words WHERE name IN ('UnsafeDep', 'UnsafeMemDep') GROUP BY ALL) r USING (run_id, loop)
WHERE machine_loop IS NOT NULL AND loop IS NOT NULL AND cycles IS NOT NULL AND NOT calls
  AND (bound = 'dependencies' AND cycles < 3 * model_cycles AND model_cycles > 1.5 * work_cycles OR r.words IS NOT NULL AND lanes = 1)
