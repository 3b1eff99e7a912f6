-- says: the loop is vectorised now, {width} elements at a time, but turns {trips} times an entry: the vector code never runs, and each entry pays for the checks before it
-- refuted-by: with vectorisation switched off in b the time stays what it is
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), epilogue and runtime checks
-- confirm: b: -fno-vectorize
SELECT d.loop, weighed(0.9, d.verdict, 'slower') AS strength,
       d.vector_width_b AS width, round(d.trip_count_b, 1) AS trips,
       list_filter([r.fact, 'trips: ' || round(d.trip_count_b, 1) || ' iterations an entry',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change = 'appeared'
 AND r.pass = 'loop-vectorize' AND r.name = 'Vectorized'
WHERE d.trip_count_b < d.vector_width_b AND d.verdict IS DISTINCT FROM 'faster'
