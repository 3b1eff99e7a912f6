-- finds: it computes in long double: the x87 unit, one value at a time, without vectors
-- refuted-by: in double the loop takes as long as before
-- source: Agner Fog, Instruction tables; System V ABI, AMD64 supplement (long double); clang, -mlong-double-64
WITH x87 AS (
    SELECT run_id, machine_loop, count(*) AS n, bool_or(mnemonic LIKE 'fdiv%') AS divides FROM instructions
    WHERE machine_loop IS NOT NULL AND regexp_matches(mnemonic, '^f(i?ld|i?st|add|sub|mul|div|xch|com|ucom|chs|abs|sqrt|iadd|imul)') GROUP BY ALL
)
SELECT h.run_id, id, 0.93 AS strength, now / reach AS part,
       'it computes in long double, for which there is only the x87 unit: one value at a time, no vectors' || CASE WHEN divides THEN ', and slow divisions' ELSE '' END AS says,
       'use double where its 16 digits are enough (sums can be kept exact in other ways: Kahan, pairwise)' AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE mnemonic LIKE ''f%'' AND machine_loop = ' || h.machine_loop, 'says': x.n || ' of the ' || h.instructions || ' instructions of a pass are for the x87 unit'}] AS evidence
FROM h JOIN x87 x USING (run_id, machine_loop) WHERE loop IS NOT NULL AND x.n >= 0.25 * h.instructions
