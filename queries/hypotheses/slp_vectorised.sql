-- says: neighbouring operations of the loop's body are done together, as vectors
-- refuted-by: without the SLP vectoriser the time of b stays
-- expects: faster
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), the SLP vectoriser
-- confirm: b: -fno-slp-vectorize
SELECT d.loop, 0.88 AS strength,
       list_filter([min('remarks b: slp-vectorizer ' || r.name || ' "' || r.words_b || '" (' || r.row_b || ')'),
                    'machine_loops: vectors of ' || d.vector_bits_a || ' bits in a, ' || d.vector_bits_b || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN diff_remarks r
  ON r.change = 'appeared' AND r.pass = 'slp-vectorizer' AND r.tag = 'Passed'
 AND r.loop IN (d.loop, '(' || d.function || ')')
WHERE d.vector_bits_b > coalesce(d.vector_bits_a, 0)
  AND d.loop NOT IN (SELECT loop FROM remark_facts WHERE name = 'Vectorized')
GROUP BY d.loop, d.verdict, d.vector_bits_a, d.vector_bits_b, d.time_ratio
