-- finds: the innermost loop walks memory in steps of more than it uses, as down the columns of a matrix
-- refuted-by: on data that fits the first-level cache the time is the same in either order
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Agner Fog, Optimizing software in C++, ch. 9
SELECT h.run_id, h.id, CASE WHEN sparsity >= 3 AND now > 1.5 * work_cycles THEN 0.95 WHEN far_accesses > 0 THEN 0.91 ELSE 0.6 END AS strength,
       now / reach AS part,
       CASE WHEN sparsity >= 3 THEN 'each pass moves ' || round(sparsity)::BIGINT || ' bytes on in memory for each byte that it uses'
            ELSE 'each pass moves on in memory by a distance that is known at run time only, as that of a row' END ||
       CASE WHEN n.parent IS NOT NULL THEN ': the innermost loop runs down columns' ELSE '' END AS says,
       CASE WHEN n.parent IS NOT NULL THEN 'exchange the loops so that the innermost one goes along rows' ||
                 CASE WHEN b.machine_loop IS NOT NULL THEN '; where another array then runs down columns (as in a transposition), work in blocks of both' ELSE '' END
            ELSE 'keep what is used together side by side: an array for each field' END AS helps,
       NULL AS flags,
       [{'rows': 'SELECT address, mnemonic, through, moves, step, load_bytes, store_bytes FROM instructions WHERE machine_loop = ' || machine_loop || ' AND through IS NOT NULL AND NOT stack',
         'says': CASE WHEN sparsity >= 3 THEN 'address steps of ' || round(sparsity, 1) || ' bytes for each byte accessed' ELSE far_accesses || ' accesses that move by a distance in a register' END}] AS evidence
FROM h LEFT JOIN (SELECT DISTINCT run_id, machine_loop FROM instructions WHERE NOT stack AND abs(step) BETWEEN 1 AND 128) b USING (run_id, machine_loop)
JOIN loops n ON n.run_id = h.run_id AND n.key = h.loop
WHERE machine_loop IS NOT NULL AND (sparsity >= 3 OR far_accesses > 0 AND (lanes = 1 OR cycles > 1.7 * model_cycles) AND n.parent IS NOT NULL)
