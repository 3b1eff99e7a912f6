-- says: {side} loads what it has just stored, {how}
-- refuted-by: with the value kept in a register the time stays
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.6.5 (store forwarding); Agner Fog, The microarchitecture (store forwarding)
SELECT loop, CASE WHEN stalled_a <> stalled_b THEN 0.94 ELSE 0.8 END AS strength, side,
       CASE WHEN stalled_a <> stalled_b THEN 'in other parts: the load waits until the stores have reached the cache'
            ELSE 'each time: the value goes through memory, four to five cycles, which the next one waits for' END AS how,
       list_filter([counted('loads of what the loop stored in parts', stalled_a, stalled_b),
                    counted('loads of what the loop stored', forwarded_a, forwarded_b),
                    'mca: the model lets loads pass stores, and expects ' || round(model_cycles_b, 1) || ' of ' || round(cycles_b, 1) || ' cycles an iteration in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, CASE WHEN stalled_a <> stalled_b THEN CASE WHEN stalled_b > stalled_a THEN 'b' ELSE 'a' END
                     WHEN forwarded_b > forwarded_a THEN 'b' ELSE 'a' END AS side FROM d)
WHERE stalled_a = 0 AND stalled_b > 0 OR stalled_b = 0 AND stalled_a > 0
   OR stalled_a = stalled_b AND (forwarded_a = 0 AND forwarded_b > 0 OR forwarded_b = 0 AND forwarded_a > 0)
