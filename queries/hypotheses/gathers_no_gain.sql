-- says: the loop is vectorised with gathers, and not faster: each element of a gather is a load of its own, and the vector waits for all of them
-- refuted-by: without gathers the time stays
-- contradicted-by: the loop is faster | verdict = 'faster'
-- contradicted-by: its samples lie outside vector code | vector_share_b < 0.1
-- source: Agner Fog, Instruction tables (vgatherdps); Intel, "Gather Data Sampling" (INTEL-SA-00828), performance of gathers
-- confirm: b: -mno-gather
SELECT d.loop, CASE d.verdict WHEN 'slower' THEN 0.95 WHEN 'same' THEN 0.93 ELSE 0.9 END AS strength,
       list_filter([counted('gathers', d.gathers_a, d.gathers_b), min(r.fact),
                    'machine_loops: ' || round(d.work_a, 1) || ' instructions an iteration in a, ' || round(d.work_b, 1) || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN remark_facts r ON r.loop = d.loop AND r.side = 'b' AND r.pass = 'loop-vectorize' AND r.name = 'Vectorized'
WHERE d.gathers_a = 0 AND d.gathers_b > 0 AND d.vector_width_b > 1
  AND (d.verdict IN ('slower', 'same') OR d.time_ratio > 0.95)
GROUP BY d.loop, d.verdict, d.gathers_a, d.gathers_b, d.work_a, d.work_b, d.time_ratio
