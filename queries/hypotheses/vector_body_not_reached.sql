-- says: in {side} the loop is vectorised, {elements} elements a pass, but turns {trips} times an entry: the vector code does not run, and each entry pays for the checks before it
-- refuted-by: with vectorisation switched off there the time stays what it is
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- contradicted-by: samples lie in vector code | CASE side WHEN 'b' THEN vector_share_b ELSE vector_share_a END > 0.1
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), epilogue and runtime checks
-- confirm: {side}: -fno-vectorize
-- The other side has narrower vectors, or none. A body that does several vectors a pass is left out
-- from fewer turns on than one has elements, where no narrower one follows it: the samples tell.
WITH sides_of AS (
    SELECT loop, time_ratio, 'b' AS side, trip_count_b AS trips, vector_share_b AS vector_share,
           vector_width_b AS width, vector_width_b * coalesce(interleave_b, 1) AS elements,
           coalesce(vector_width_a * coalesce(interleave_a, 1), 1) AS other FROM d
    UNION ALL
    SELECT loop, time_ratio, 'a', trip_count_a, vector_share_a, vector_width_a,
           vector_width_a * coalesce(interleave_a, 1), coalesce(vector_width_b * coalesce(interleave_b, 1), 1) FROM d
)
SELECT s.loop, 0.9 AS strength, s.side, s.elements, round(s.trips, 1) AS trips,
       list_filter([min(r.fact), 'trips: ' || round(s.trips, 1) || ' iterations an entry',
                    'samples: ' || round(100 * s.vector_share) || ' % of them in vector code in ' || s.side,
                    timed(s.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM sides_of s LEFT JOIN remark_facts r
  ON r.loop = s.loop AND r.side = s.side AND r.pass = 'loop-vectorize' AND r.name = 'Vectorized'
WHERE s.width > 1 AND s.elements > s.other
  AND (s.trips < s.width OR s.trips < s.elements AND s.vector_share < 0.1)
GROUP BY s.loop, s.side, s.elements, s.trips, s.vector_share, s.time_ratio
