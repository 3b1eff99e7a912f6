-- says: the loop no longer divides, and the divider is the slowest unit of the processor{instead}
-- refuted-by: with the division back in the loop the time stays
-- expects: faster
-- source: Agner Fog, Instruction tables (latency of div, sqrt); Hacker's Delight, ch. 10 (division by constants)
SELECT loop, 0.94 AS strength, CASE WHEN m.more > 0 THEN ': multiplications or shifts take its place' ELSE '' END AS instead,
       list_filter([counted('divisions and square roots', divided_a, divided_b),
                    'mca: bound by ' || bound_a || ' in a, by ' || bound_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN (SELECT loop, sum(count_b - count_a) AS more FROM diff_mnemonics WHERE regexp_matches(mnemonic, 'mul|sh[lr]|sa[lr]|lsr|asr|lsl') GROUP BY loop) m USING (loop)
WHERE divided_a > 0 AND divided_b = 0
