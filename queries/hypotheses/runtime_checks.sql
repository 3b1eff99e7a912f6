-- says: pointers that may overlap are compared before each entry of the loop
-- refuted-by: the loop is entered seldom, or with restrict on the pointers the time stays
-- expects: slower
-- contradicted-by: it turns more than 1000 times an entry | trip_count_b > 1000
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), runtime checks of pointers
SELECT d.loop, 0.86 AS strength,
       list_filter([min(e.fact), counted('conditional jumps', d.branches_a, d.branches_b),
                    counted('selections and flags', d.selects_a, d.selects_b),
                    'trips: ' || round(d.trip_count_b, 1) || ' iterations an entry',
                    timed(d.time_ratio)], lambda x: x IS NOT NULL) AS evidence
FROM d JOIN edits e ON e.loop = d.loop AND e.side = 'a' AND regexp_matches(e.text, '\b_*restrict')
WHERE d.selects_b + d.branches_b > d.selects_a + d.branches_a AND d.vector_bits_a = d.vector_bits_b
  AND NOT EXISTS (FROM edits o WHERE o.loop = d.loop AND o.side = 'b' AND regexp_matches(o.text, '\b_*restrict'))
GROUP BY d.loop, d.verdict, d.branches_a, d.branches_b, d.selects_a, d.selects_b, d.trip_count_b, d.time_ratio
