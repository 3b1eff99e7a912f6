-- finds: how often the loop turns is not known before it runs, as it may be left from within or its index may wrap around
-- refuted-by: with the exit taken out of the loop it takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), loops with unknown trip count
SELECT h.run_id, id, CASE WHEN bound = 'dependencies' AND model_cycles > 4 AND cycles < 1.5 * model_cycles THEN 0.66 -- vectors would wait in the same chain
            WHEN cycles < 3 * model_cycles THEN 0.85 ELSE 0.6 END AS strength, now / reach AS part,
       CASE WHEN c.loop IS NULL THEN 'the loop may be left at any element: how often it turns is not known beforehand, so that no vectors are used'
            ELSE 'only the condition ' || c.test || ' ends the loop, and yet how often it turns is not known beforehand, as ' || c.counter || ' may wrap around to the other end of its type: no vectors are used' END AS says,
       CASE WHEN c.loop IS NULL THEN 'look at blocks of elements: collect whether any ends the loop (| or +), and find which one afterwards'
            ELSE 'count in a signed type (int, ptrdiff_t), whose overflow the language excludes, or in size_t by ++ and <' END AS helps,
       NULL AS flags,
       [{'rows': 'FROM remarks WHERE ' || here || ' AND pass = ''loop-vectorize'' AND tag LIKE ''Analysis%''',
         'says': 'the vectoriser cannot count the iterations'}] AS evidence
FROM h LEFT JOIN counted_loops c USING (run_id, loop)
-- a loop that is over at once gains nothing by blocks
WHERE lanes = 1 AND coalesce(trip_count, 9) >= 4 AND machine_loop IS NOT NULL AND loads > 0 AND chased_loads = 0 AND NOT calls
  AND EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name IN
              ('UnsupportedUncountableLoop', 'CantComputeNumberOfIterations', 'UncountableEarlyExit', 'TooManyUncountableEarlyExits',
               'MultipleExits', 'PotentiallyFaultingLoadsNotSupported', 'PotentiallyFaultingEarlyExitLoop', 'EarlyExitNotVectorized', 'UnsupportedEarlyExit'))
  -- where a store may change what the index is compared with, or the compiler lost count, is another finding
  AND (c.loop IS NULL OR c.wraps AND NOT EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name = 'LoadWithLoopInvariantAddressInvalidated'))
  -- a search by halves has one end, and nothing to look through
  AND NOT EXISTS (FROM halvings v WHERE v.run_id = h.run_id AND v.machine_loop = h.machine_loop)
