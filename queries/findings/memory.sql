-- finds: the loop walks over more than a cache holds and waits for memory; llvm-mca cannot tell, as it knows no caches
-- refuted-by: on arrays that fit the second-level cache an iteration takes as long
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Williams, Waterman, Patterson, "Roofline" (2009)
SELECT run_id, id, CASE WHEN span > l3 AND cycles > 1.5 * model_cycles THEN 0.9 WHEN span > l2 AND cycles > 1.5 * model_cycles THEN 0.8 ELSE 0.5 END AS strength,
       cycles / least(model_cycles, cycles) AS part,
       'it walks over ' || printf('%.0f MB', span / 1e6) || ' each time, and a cache of ' ||
       CASE WHEN span > l3 THEN printf('%.0f MB', l3 / 1e6) ELSE printf('%.1f MB', l2 / 1e6) END || ' cannot hold it: ' ||
       printf('%.1f', bytes * 1e-9 * clock / cycles) || ' GB/s, ' || printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows no caches, expects ' || printf('%.1f', model_cycles) AS says,
       'do more with each element while it is in the cache: fuse loops, work in blocks, or use a smaller type' AS helps, NULL AS flags,
       [{'rows': 'SELECT loop, trip_count, ns_per_iteration FROM hotspots WHERE ' || here, 'says': 'measured'},
        {'rows': 'FROM machine', 'says': 'the caches and the memory of this machine'}] AS evidence
FROM h WHERE loop IS NOT NULL AND span > l2 AND cycles > 1.3 * model_cycles AND coalesce(sparsity, 1) < 3
