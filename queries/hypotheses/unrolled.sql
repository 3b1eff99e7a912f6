-- says: the loop is unrolled by {times}: less of the time goes to counting and jumping
-- refuted-by: without unrolling the time of b stays
-- source: LLVM, "Code Transformation Metadata" (llvm.org/docs/TransformMetadata.html), loop unrolling; Agner Fog, Optimizing software in C++, ch. 7.13
-- confirm: b: -fno-unroll-loops
SELECT d.loop,
       weighed(CASE WHEN d.vector_bits_a = d.vector_bits_b AND d.branches_b <= d.branches_a
                     AND d.divisions_a <= d.divisions_b THEN 0.78 ELSE 0.45 END,
               d.verdict, 'faster') AS strength,
       d.unroll_b AS times,
       list_filter([any_value(r.fact), timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change IN ('appeared', 'changed')
 AND r.pass = 'loop-unroll' AND r.name LIKE '%Unrolled'
WHERE d.unroll_b > coalesce(d.unroll_a, 1) AND d.stack_accesses_b < d.stack_accesses_a + 4
GROUP BY d.loop, d.verdict, d.unroll_b, d.time_ratio, d.vector_bits_a, d.vector_bits_b, d.branches_a, d.branches_b,
         d.divisions_a, d.divisions_b
