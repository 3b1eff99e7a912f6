-- says: the loop walks memory in other steps: it moves {bytes_b} bytes for each byte that it reads or writes, not {bytes_a}
-- refuted-by: on data that fits the first-level cache the time differs as much
-- expects: CASE WHEN sparsity_b > sparsity_a THEN 'slower' ELSE 'faster' END
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Agner Fog, Optimizing software in C++, ch. 9
SELECT loop,
       0.92 AS strength,
       sparsity_a AS bytes_a, sparsity_b AS bytes_b,
       list_filter(['instructions: address steps of ' || round(sparsity_a, 1) || ' bytes for each byte accessed in a, '
                    || round(sparsity_b, 1) || ' in b', timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d
WHERE greatest(sparsity_a, sparsity_b) >= greatest(2 * least(sparsity_a, sparsity_b), 1.9)
