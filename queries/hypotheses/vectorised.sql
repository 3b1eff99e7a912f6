-- says: the loop is vectorised now, {width} elements at a time{how}
-- refuted-by: with vectorisation switched off in b the time stays what it is
-- expects: faster
-- contradicted-by: it turns fewer times an entry than a vector has elements | trip_count_b < vector_width_b
-- contradicted-by: b has no vectors | coalesce(vector_width_b, 1) < 2
-- contradicted-by: its samples lie outside vector code | vector_share_b < 0.02
-- contradicted-by: no fewer instructions an iteration, and it is not faster | work_b >= work_a AND verdict IS DISTINCT FROM 'faster'
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), the loop vectoriser
-- confirm: b: -fno-vectorize
SELECT d.loop,
       CASE WHEN d.vector_bits_b > coalesce(d.vector_bits_a, 0) THEN 0.88 ELSE 0.75 END AS strength,
       d.vector_width_b AS width,
       CASE WHEN d.work_b < d.work_a THEN ': ' || round(d.work_b, 1) || ' instructions an iteration, not ' || round(d.work_a, 1) ELSE '' END AS how,
       list_filter([r.fact, why.fact,
                    'machine_loops: vectors of ' || coalesce(d.vector_bits_a, 0) || ' bits in a, '
                    || d.vector_bits_b || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change = 'appeared'
 AND r.pass = 'loop-vectorize' AND r.name = 'Vectorized'
LEFT JOIN (SELECT loop, min_by(fact, name LIKE 'Interleaving%') AS fact FROM remark_facts
           WHERE side = 'a' AND pass = 'loop-vectorize' AND name NOT LIKE 'MissedDetails' GROUP BY loop) why
  ON why.loop = d.loop
