-- says: the floating-point mode differs: {side} takes numbers below the normal range for zero, which the other computes slowly
-- refuted-by: no value of the loop is ever below the normal range
-- expects: CASE WHEN side = 'b' THEN 'faster' ELSE 'slower' END
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.9 (denormals, FTZ, DAZ); Agner Fog, The microarchitecture
WITH modes AS (
    SELECT s.side, min('instructions ' || s.side || ': ' || i.mnemonic || ' in ' || i.symbol) AS fact
    FROM sides s JOIN instructions i USING (run_id)
    WHERE i.mnemonic IN ('ldmxcsr', 'vldmxcsr') OR i.mnemonic = 'msr' AND i.operands ILIKE 'fpcr,%'
    GROUP BY s.side
    UNION ALL
    SELECT side, fact FROM flag_edits WHERE flag IN ('-mdaz-ftz', '-ffast-math', '-Ofast')
)
SELECT d.loop,
       CASE WHEN d.code_changed THEN 0.4 ELSE 0.88 END AS strength,
       m.side,
       list_filter([min(m.fact),
                    counted('floating-point operations', d.float_operations_a + d.double_operations_a,
                            d.float_operations_b + d.double_operations_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN modes m ON (SELECT count(DISTINCT side) FROM modes) = 1
WHERE d.float_operations_b + d.double_operations_b > 0
GROUP BY d.loop, d.code_changed, d.verdict, m.side, d.time_ratio, d.float_operations_a,
         d.double_operations_a, d.float_operations_b, d.double_operations_b
