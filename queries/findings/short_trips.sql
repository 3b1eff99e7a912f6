-- finds: the loop turns so few times an entry that its vectors are never reached, or cost more than they give
-- refuted-by: with a trip count known to the compiler the loop takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), epilogue vectorization
SELECT run_id, id, 0.92 AS strength,
       -- where the work counted is more than the time, it is of several elements
       CASE WHEN work_cycles <= now THEN now / (work_cycles / greatest(1, floor(trip_count / 2))) END AS part,
       'it turns ' || printf('%.1f', trip_count) || ' times an entry, fewer than the ' || vector_width || ' elements of its vectors: what runs is scalar, after checks that are for nothing' AS says,
       'tell the compiler the number of turns (a constant, a template argument), or put the long loop innermost' AS helps, NULL AS flags,
       [{'rows': 'SELECT entries, iterations, mean_trip_count FROM trips WHERE loop_key = ' || quoted, 'says': printf('%.1f', trip_count) || ' turns an entry'}] AS evidence
FROM h WHERE loop IS NOT NULL AND vector_width > trip_count AND trip_count > 0 AND entries > 1000
