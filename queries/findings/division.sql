-- finds: a division or square root in every iteration: its unit is busy for many cycles with each
-- refuted-by: with a multiplication in its place the loop takes as long as before
-- source: Agner Fog, Instruction tables; Agner Fog, Optimizing software in C++, 14.5
WITH busy AS (
    SELECT m.run_id, m.machine_loop, sum(m.rthroughput) AS cycles, min(m.rthroughput) AS one, min(i.line) AS line, arg_min(i.file, i.line) AS file, min(i.mnemonic) AS mnemonic,
           bool_and(i.mnemonic LIKE '%sqrt%') AS roots,
           -- a divisor that nothing in the loop writes
           bool_and(NOT EXISTS (FROM instructions w WHERE w.run_id = i.run_id AND w.machine_loop = i.machine_loop AND w.kind NOT IN ('compare', 'branch')
                                AND ends_with(w.operands, regexp_extract(i.operands, '^(%\w+)', 1)) AND w.address <> i.address)) AS fixed
    FROM mca_instructions m JOIN instructions i USING (run_id, machine_loop, address) WHERE i.kind = 'division' GROUP BY ALL
)
SELECT h.run_id, id, CASE WHEN b.cycles / elements_a_pass > 0.5 * model_cycles AND coalesce(h.cycles, model_cycles) < 2 * model_cycles THEN CASE WHEN chased_loads > 0 THEN 0.5 WHEN o.loop IS NOT NULL AND lanes = 1 THEN 0.6 ELSE 0.88 END WHEN model_cycles IS NULL AND chased_loads = 0 AND h.cycles < 2 * b.one AND h.cycles > 0.5 * b.one THEN 0.8 ELSE 0.4 END AS strength,
       -- where the order of sums forbids vectors, there are none without the division either
       now / CASE WHEN o.loop IS NOT NULL AND lanes = 1 THEN greatest(work_cycles, floor_of_memory) ELSE reach END AS part,
       CASE WHEN roots THEN 'the square root in ' ELSE 'the division in ' END || CASE WHEN starts_with(h.place, b.file || ':') THEN 'line ' ELSE parse_filename(b.file) || ':' END || b.line || CASE WHEN h.cycles IS NULL THEN ' keeps its unit busy for ' || printf('%.1f', b.cycles / elements_a_pass) || ' of ' || printf('%.1f', now) || ' cycles an iteration, as llvm-mca has it'
            -- a processor that divides more quickly than its model, which tells nothing of it then
            WHEN b.cycles / elements_a_pass > now THEN ' is done in each iteration, of ' || printf('%.1f', now) || ' cycles'
            ELSE ' keeps its unit busy for ' || printf('%.1f', b.cycles / elements_a_pass) || ' of ' || printf('%.1f', now) || ' cycles an iteration' END AS says,
       CASE WHEN roots THEN 'compare squares where only the order counts, or let vectors take several roots at a time'
            WHEN fixed THEN 'divide once before the loop and multiply by the inverse, or make the divisor a constant'
            -- the narrowest division that there is: only another operation is quicker
            WHEN regexp_matches(b.mnemonic, '^i?div[bwl]$') THEN 'do without: where a number is kept below a size, compare and subtract (if (i >= n) i -= n), or take a size that is a power of two, and a mask; keep an inverse for divisors that come again (libdivide)'
            WHEN regexp_matches(b.mnemonic, '^i?divq?$') THEN 'divide narrower numbers (32 bits), keep an inverse for divisors that come again (libdivide), or do without: shifts, compare and subtract'
            ELSE 'bring several quotients to one denominator, keep inverses that are used again, or let vectors divide several at a time' END AS helps,
       CASE WHEN b.mnemonic LIKE '%div_s' OR b.mnemonic LIKE '%divp_' OR b.mnemonic LIKE 'fdiv%' OR b.mnemonic LIKE '%divs_' THEN '-freciprocal-math' END AS flags,
       [{'rows': 'FROM mca_instructions JOIN instructions USING (run_id, machine_loop, address) WHERE kind = ''division'' AND machine_loop = ' || machine_loop,
         'says': b.mnemonic || ': ' || printf('%.1f', b.cycles) || ' cycles a pass'}] AS evidence
FROM h JOIN busy b USING (run_id, machine_loop)
-- the order of sums forbids vectors, which would divide several at a time
LEFT JOIN (SELECT DISTINCT run_id, loop FROM remarks WHERE name = 'CantReorderFPOps') o USING (run_id, loop)
-- of two ways to divide, a short and a long one, the model takes both
WHERE loop IS NOT NULL AND now IS NOT NULL AND least(b.cycles / elements_a_pass, now) > 0.15 * now AND (model_cycles IS NOT NULL OR b.one / elements_a_pass > 0.5 * now)
