-- finds: an iteration needs what the one before it computed
-- refuted-by: with the chain broken the loop takes as long as before
-- source: Allen, Kennedy, Optimizing Compilers for Modern Architectures, ch. 2; Agner Fog, Optimizing software in C++, ch. 11
SELECT h.run_id, id, CASE WHEN e.loop IS NOT NULL AND lanes = 1 AND NOT (h.scans AND loads <= 2 * elements_a_pass) THEN 0.93 WHEN c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles AND cycles < 12 THEN 0.91 WHEN r.words IS NOT NULL AND bound = 'dependencies' AND cycles > 1.5 * model_cycles AND cycles < 12 THEN 0.86 WHEN bound = 'dependencies' THEN CASE WHEN cycles > 1.5 * model_cycles THEN 0.65 ELSE 0.75 END ELSE 0.5 END AS strength, CASE WHEN c.machine_loop IS NOT NULL THEN now / work_cycles ELSE now / reach END AS part,
       CASE WHEN e.loop IS NOT NULL AND lanes = 1 THEN 'an iteration reads what the one before it stored (' || e.element || '), so that no vectors are used, ' || printf('%.1f', cycles) || ' cycles an iteration'
            WHEN c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles AND cycles < 12 THEN CASE WHEN c.bits THEN 'single bits are changed in memory, often in the word of the one before: each waits until that is stored, ' ELSE 'the same element is often met again at once: each count waits until the one before it is stored, ' END || printf('%.1f', cycles) || ' cycles an iteration'
            WHEN r.words IS NOT NULL AND bound = 'dependencies' THEN 'an iteration reads what the one before it stored, so that no vectors are used'
            ELSE 'each iteration waits for the one before it, through a chain of operations (' || by_model || ')' END AS says,
       CASE WHEN e.loop IS NOT NULL AND lanes = 1 THEN 'go along elements that do not need each other (another dimension, diagonals), several rows side by side, or change the recurrence'
            WHEN c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles THEN CASE WHEN c.bits THEN 'keep a byte for each (std::vector<char> in place of std::vector<bool>), in blocks that stay in the cache' ELSE 'count in several tables in turn, and add them up afterwards' END
            WHEN v.machine_loop IS NOT NULL AND loads > 0 THEN 'a search by halves goes one step at a time: look for several keys side by side, whose steps do not wait for one another, or lay the keys out as a tree of blocks (B-tree, Eytzinger)'
            ELSE 'break the chain: work on several independent elements at a time, or change the recurrence' END AS helps, NULL AS flags,
       [{'rows': 'FROM loop_mca WHERE ' || here, 'says': 'llvm-mca: bound by ' || bound}] AS evidence
FROM (SELECT *, EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name = 'NonReductionValueUsedOutsideLoop') AS scans FROM h) h
LEFT JOIN (SELECT run_id, loop, min(element) AS element FROM carried_elements GROUP BY ALL) e USING (run_id, loop)
LEFT JOIN (SELECT run_id, loop, min(words) AS words FROM remark_words WHERE name IN ('UnsafeDep', 'UnsafeMemDep') GROUP BY ALL) r USING (run_id, loop)
-- a count in memory, in the place that the data tells
LEFT JOIN (SELECT run_id, machine_loop, bool_and(regexp_matches(mnemonic, '^(or|and|xor|bts|btr|btc)')) AS bits FROM instructions
           WHERE load_bytes > 0 AND store_bytes > 0 AND moves = 'computed' GROUP BY ALL) c USING (run_id, machine_loop)
LEFT JOIN halvings v USING (run_id, machine_loop)
WHERE machine_loop IS NOT NULL AND loop IS NOT NULL AND cycles IS NOT NULL AND NOT calls
  AND (bound = 'dependencies' AND cycles < 3 * model_cycles AND model_cycles > 1.5 * work_cycles OR (r.words IS NOT NULL AND bound = 'dependencies' OR e.loop IS NOT NULL) AND lanes = 1 OR c.machine_loop IS NOT NULL AND cycles > 1.5 * model_cycles AND cycles < 12)
