-- finds: elements are read in the order of an index: their lines come from anywhere in memory, one for each element
-- refuted-by: with the index in ascending order the loop takes as long as before
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Agner Fog, Instruction tables (gather)
SELECT h.run_id, id, CASE WHEN cycles > 2 * model_cycles THEN 0.9 ELSE 0.55 END AS strength,
       cycles / least(model_cycles, cycles) AS part,
       CASE WHEN indexed_loads > 0 THEN 'elements are read in the order of an index, from anywhere in memory' ELSE 'elements are read at places that are computed, from anywhere in memory' END || CASE WHEN cycles > 1.5 * model_cycles
            THEN ': ' || printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows no caches, expects ' || printf('%.1f', model_cycles) ELSE '' END AS says,
       CASE WHEN regexp_matches(function, '(lower|upper)_bound|binary_search|bsearch|equal_range')
            THEN 'a binary search meets a new line at each step: sort what is looked for, or lay the keys out as a tree of blocks (B-tree, Eytzinger)'
            WHEN indexed_loads = 0 THEN 'do in blocks what lies near together, or lay the elements out in the order of their use'
            ELSE 'sort the index, or lay the elements out in the order of their use' END AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE (kind = ''gather'' AND origin IS DISTINCT FROM ''numbers'' OR load_bytes > 0 AND moves = ''computed'') AND machine_loop = ' || machine_loop,
         'says': 'loads whose address is made anew in each pass'}] AS evidence
FROM h WHERE loop IS NOT NULL AND (indexed_loads > 0 AND cycles > 1.6 * model_cycles OR computed_loads > 0 AND cycles > 2.5 * model_cycles AND coalesce(trip_count, 9) > 2)
  AND chased_loads = 0 AND NOT calls
