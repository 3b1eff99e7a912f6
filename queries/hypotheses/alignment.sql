-- says: the same code runs on data that lies elsewhere: vectors that cross cache lines take two accesses
-- refuted-by: with the data aligned to 64 bytes the time stays
-- source: Agner Fog, Optimizing software in C++, ch. 9.5 (alignment of data); Intel Optimization Reference Manual, 3.6
SELECT d.loop,
       CASE WHEN d.verdict IN ('faster', 'slower') THEN 0.6 WHEN d.verdict = 'same' THEN 0.2 ELSE 0.45 END AS strength,
       list_filter([min(e.fact),
                    'machine_loops: vectors of ' || d.vector_bits_b || ' bits, the same instructions in a and b',
                    timed(d.time_ratio)], lambda x: x IS NOT NULL) AS evidence
FROM d JOIN edits e ON e.loop = d.loop AND NOT e.in_loop
WHERE NOT d.code_changed AND d.vector_bits_b >= 128 AND d.vector_bits_a = d.vector_bits_b
  -- narrower accesses than a vector lie in one line wherever malloc puts them
  AND coalesce((SELECT max(greatest(i.load_bytes, i.store_bytes)) FROM sides s JOIN loop_mca m USING (run_id) JOIN instructions i USING (run_id, machine_loop)
                WHERE s.side = 'b' AND m.loop = d.key_b AND NOT i.stack), 16) >= 16
  AND d.iterations_a = d.iterations_b
  AND NOT EXISTS (FROM edits o WHERE o.loop = d.loop AND o.in_loop)
GROUP BY d.loop, d.verdict, d.vector_bits_b, d.time_ratio
