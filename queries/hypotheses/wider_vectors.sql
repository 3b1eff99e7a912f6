-- says: vectors of {bits_b} bits do the work of {bits_a}-bit ones
-- refuted-by: with the vector width of a the time of b stays
-- expects: CASE WHEN vector_bits_b > vector_bits_a THEN 'faster' ELSE 'slower' END
-- contradicted-by: it turns fewer times an entry than a vector has elements | trip_count_b < greatest(vector_width_a, vector_width_b)
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, SIMD chapters; Clang, -mprefer-vector-width
-- confirm: b: -mprefer-vector-width=128
SELECT loop,
       CASE WHEN stream > 8e6 THEN 0.7 ELSE 0.92 END AS strength,
       vector_bits_a AS bits_a, vector_bits_b AS bits_b,
       list_filter(['machine_loops: vectors of ' || vector_bits_a || ' bits in a, '
                    || vector_bits_b || ' in b', timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, trip_count_b * vector_bits_b / 8 / vector_width_b AS stream FROM d)
WHERE vector_bits_a > 0 AND vector_bits_b > 0 AND vector_bits_a <> vector_bits_b
  AND vector_width_a > 1 AND vector_width_b > 1
  AND coalesce(CASE WHEN vector_bits_b > vector_bits_a THEN time_ratio < 0.8 ELSE time_ratio > 1.25 END, true)
