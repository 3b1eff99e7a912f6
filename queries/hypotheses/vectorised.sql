-- says: the loop is vectorised now, {width} elements at a time: fewer instructions do the same work
-- refuted-by: with vectorisation switched off in b the time stays what it is
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), the loop vectoriser
-- confirm: b: -fno-vectorize
SELECT d.loop,
       weighed(CASE WHEN d.vector_bits_b > coalesce(d.vector_bits_a, 0) THEN 0.88 ELSE 0.75 END,
               d.verdict, 'faster') AS strength,
       d.vector_width_b AS width,
       list_filter([r.fact, why.fact,
                    'machine_loops: vectors of ' || coalesce(d.vector_bits_a, 0) || ' bits in a, '
                    || d.vector_bits_b || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change = 'appeared'
 AND r.pass = 'loop-vectorize' AND r.name = 'Vectorized'
 AND coalesce(d.trip_count_b >= d.vector_width_b, true)
LEFT JOIN (SELECT loop, min_by(fact, name LIKE 'Interleaving%') AS fact FROM remark_facts
           WHERE side = 'a' AND pass = 'loop-vectorize' AND name NOT LIKE 'MissedDetails' GROUP BY loop) why
  ON why.loop = d.loop
