-- finds: how often the loop turns is not known before it runs, as it may be left from within
-- refuted-by: with the exit taken out of the loop it takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), loops with unknown trip count
SELECT h.run_id, id, CASE WHEN cycles < 3 * model_cycles THEN 0.85 ELSE 0.6 END AS strength, now / reach AS part,
       'the loop may be left at any element: how often it turns is not known beforehand, so that no vectors are used' AS says,
       'look at blocks of elements: collect whether any ends the loop (| or +), and find which one afterwards' AS helps,
       NULL AS flags,
       [{'rows': 'FROM remarks WHERE ' || here || ' AND pass = ''loop-vectorize'' AND tag LIKE ''Analysis%''',
         'says': 'the vectoriser cannot count the iterations'}] AS evidence
FROM h
-- a loop that is over at once gains nothing by blocks
WHERE lanes = 1 AND coalesce(trip_count, 9) >= 4 AND machine_loop IS NOT NULL AND loads > 0 AND chased_loads = 0 AND NOT calls
  AND EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name IN
              ('UnsupportedUncountableLoop', 'CantComputeNumberOfIterations', 'UncountableEarlyExit', 'TooManyUncountableEarlyExits',
               'MultipleExits', 'PotentiallyFaultingLoadsNotSupported', 'PotentiallyFaultingEarlyExitLoop', 'EarlyExitNotVectorized', 'UnsupportedEarlyExit'))
