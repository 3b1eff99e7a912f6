-- says: vectors of {bits_b} bits instead of {bits_a} gain nothing: memory, not arithmetic, sets the pace
-- refuted-by: on data that fits the first-level cache the time stays as well
-- contradicted-by: the loop is faster with them | verdict = 'faster'
-- source: Williams, Waterman & Patterson, "Roofline" (CACM 52:4, 2009); McCalpin, STREAM
-- An array that is walked through once an entry and exceeds the caches speaks for memory by itself.
SELECT loop,
       CASE WHEN verdict = 'same' THEN 0.92 WHEN stream > 8e6 THEN 0.88
            WHEN verdict = 'slower' THEN 0.7
            WHEN verdict = 'inconclusive' THEN 0.25 ELSE 0.8 END AS strength,
       vector_bits_a AS bits_a, vector_bits_b AS bits_b,
       list_filter(['machine_loops: vectors of ' || vector_bits_a || ' bits in a, '
                    || vector_bits_b || ' in b',
                    'mca: ' || mca_cycles_a || ' cycles a pass of ' || width_a || ' elements in a, '
                    || mca_cycles_b || ' of ' || width_b || ' in b',
                    CASE WHEN stream > 8e6 THEN 'trips: ' || round(stream / 1e6)
                         || ' MB of each array at each entry' END,
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, vector_width_a * interleave_a AS width_a, vector_width_b * interleave_b AS width_b,
             trip_count_b * vector_bits_b / 8 / vector_width_b AS stream FROM d)
WHERE vector_bits_a > 0 AND vector_bits_b > vector_bits_a
  AND vector_width_a > 1 AND vector_width_b > vector_width_a
  AND (time_ratio >= 0.8 OR stream > 8e6 AND verdict IS DISTINCT FROM 'faster')
