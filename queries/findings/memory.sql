-- finds: the loop walks over more than a cache holds and waits for memory; llvm-mca cannot tell, as it knows no caches
-- refuted-by: on arrays that fit the second-level cache an iteration takes as long
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Williams, Waterman, Patterson, "Roofline" (2009)
WITH held AS (
    SELECT t.run_id, coalesce(max(t.max_rss), max(c.value) * 4096) AS rss FROM timings t LEFT JOIN counters c ON c.run_id = t.run_id AND c.event = 'page-faults' GROUP BY ALL
)
SELECT run_id, id, CASE WHEN span > l3 AND cycles > 1.5 * model_cycles THEN 0.9 WHEN span > l2 AND cycles > 1.5 * model_cycles THEN 0.8 ELSE 0.5 END AS strength,
       cycles / least(model_cycles, cycles) AS part,
       'it walks over ' || printf('%.0f MB', span / 1e6) || ' each time, and a cache of ' ||
       CASE WHEN span > l3 THEN printf('%.0f MB', l3 / 1e6) ELSE printf('%.1f MB', l2 / 1e6) END || ' cannot hold it: ' ||
       printf('%.1f', bytes * 1e-9 * clock / cycles) || ' GB/s, ' || printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows no caches, expects ' || printf('%.1f', model_cycles) AS says,
       'do more with each element while it is in the cache: fuse loops, work in blocks, or use a smaller type' AS helps, NULL AS flags,
       [{'rows': 'SELECT loop, trip_count, ns_per_iteration FROM hotspots WHERE ' || here, 'says': 'measured'},
        {'rows': 'FROM machine', 'says': 'the caches and the memory of this machine'}] AS evidence
FROM h WHERE loop IS NOT NULL AND span > l2 AND cycles > 1.3 * model_cycles AND coalesce(sparsity, 1) < 3
UNION ALL BY NAME
-- what neither the instructions nor wrong guesses can take, is waited for; 20 to 25 cycles is what a guess costs
SELECT h.run_id, id, 0.7 AS strength, cycles / least(model_cycles, cycles) AS part,
       printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows no caches, expects ' || printf('%.1f', model_cycles) || ', and more than wrong guesses of its ' || branches ||
       CASE WHEN branches = 1 THEN ' branch' ELSE ' branches' END || ' could cost: it waits for memory, of which the program holds ' || printf('%.0f MB', rss / 1e6) AS says,
       'bring together in memory what is used together, look things up in the order in which they lie, use smaller types, or ask for what comes next before it is needed (prefetch)' AS helps, NULL AS flags,
       [{'rows': 'SELECT loop, trip_count, ns_per_iteration, model_cycles FROM hotspots WHERE ' || here, 'says': 'measured, and expected'},
        {'rows': 'SELECT max(max_rss) AS bytes FROM timings', 'says': printf('%.0f MB', rss / 1e6) || ' resident at most'},
        {'rows': 'FROM machine', 'says': 'the caches of this machine'}] AS evidence
FROM h JOIN held USING (run_id)
WHERE loop IS NOT NULL AND NOT calls AND coalesce(span, 0) <= l2 AND gathers = 0 AND computed_loads = 0 AND chased_loads = 0 AND atomics = 0 AND loads > 0
  -- a loop that turns often is guessed right until it ends
  AND CASE WHEN branches <= 1 AND trip_count > 50 THEN cycles > 2 * model_cycles AND cycles - model_cycles > 25 / trip_count
           ELSE cycles > 3 * model_cycles AND cycles - model_cycles > 25 * greatest(branches, 1) / elements_a_pass END AND rss > 8 * l2
