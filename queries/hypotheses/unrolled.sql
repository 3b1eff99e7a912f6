-- says: the loop is unrolled by {times}: less of the time goes to counting and jumping
-- refuted-by: without unrolling the time of b stays
-- expects: faster
-- contradicted-by: as many jumps an iteration | jumped_b >= jumped_a
-- contradicted-by: it turns fewer times an entry than it is unrolled | trip_count_b < unroll_b
-- contradicted-by: the loop is there in one build only | (key_a IS NULL) <> (key_b IS NULL)
-- contradicted-by: a calls functions in it that b does not | called_a > called_b
-- source: LLVM, "Code Transformation Metadata" (llvm.org/docs/TransformMetadata.html), loop unrolling; Agner Fog, Optimizing software in C++, ch. 7.13
-- confirm: b: -fno-unroll-loops
SELECT d.loop,
       CASE WHEN d.vector_bits_a = d.vector_bits_b AND d.branches_b <= d.branches_a
                     AND d.divisions_a <= d.divisions_b THEN 0.78 ELSE 0.45 END AS strength,
       d.unroll_b AS times,
       list_filter([any_value(r.fact), timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change IN ('appeared', 'changed')
 AND r.pass = 'loop-unroll' AND r.name LIKE '%Unrolled'
WHERE d.unroll_b > coalesce(d.unroll_a, 1) AND d.stack_accesses_b < d.stack_accesses_a + 4
GROUP BY d.loop, d.verdict, d.unroll_b, d.time_ratio, d.vector_bits_a, d.vector_bits_b, d.branches_a, d.branches_b,
         d.divisions_a, d.divisions_b
