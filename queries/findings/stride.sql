-- finds: the innermost loop walks memory in steps of more than it uses, as down the columns of a matrix
-- refuted-by: on data that fits the first-level cache the time is the same in either order
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Agner Fog, Optimizing software in C++, ch. 9
WITH longest AS (
    -- how far the accesses through one set of registers move in a pass, by an instruction that the pass takes once
    SELECT run_id, machine_loop, max(abs(step)) AS step FROM instructions WHERE NOT stack AND step <> 0 GROUP BY ALL
)
SELECT h.run_id, h.id,
       -- what orders memory, or is done by others, takes its time in whatever order elements come
       CASE WHEN atomics > 0 OR calls AND cycles < 1.5 * model_cycles THEN 0.5 WHEN row_loads > 0 THEN CASE WHEN cycles > 1.6 * model_cycles THEN 0.9 ELSE 0.72 END WHEN sparsity >= 3 AND now > 1.5 * work_cycles THEN 0.95 WHEN far_accesses > 0 THEN 0.91 ELSE 0.6 END AS strength,
       now / reach AS part,
       CASE WHEN row_loads > 0 THEN 'each pass goes on to another row, by its own pointer'
            WHEN sparsity >= 3 THEN 'each pass moves ' || round(sparsity)::BIGINT || ' bytes on in memory for each byte that it uses'
            ELSE 'each pass moves on in memory by a distance that is known at run time only, as that of a row' END ||
       CASE WHEN columns THEN ': the innermost loop runs down columns' ELSE '' END ||
       CASE WHEN apart IS NOT NULL THEN ', whose elements lie ' || apart || ' bytes apart: at so round a distance they share a few sets of the cache, and drive one another out' ELSE '' END AS says,
       CASE WHEN columns THEN 'exchange the loops so that the innermost one goes along rows' ||
                 CASE WHEN b.machine_loop IS NOT NULL THEN '; where another array then runs down columns (as in a transposition), work in blocks of both' ELSE '' END ||
                 CASE WHEN apart IS NOT NULL THEN '; or pad the rows by a line of the cache'
                      -- a square of so round a size, as the turns have it, most often has rows as round
                      WHEN h.far_accesses > 0 AND trip_count >= 128 AND bit_count(round(trip_count)::BIGINT) = 1 THEN '; where rows lie a power of two apart, as ' || round(trip_count)::BIGINT || ' elements do, pad them: they share a few sets of the cache' ELSE '' END
            WHEN apart IS NOT NULL THEN 'pad what lies so far apart by a line of the cache, or keep what is used together side by side'
            ELSE 'keep what is used together side by side: an array for each field' END AS helps,
       NULL AS flags,
       [{'rows': 'SELECT address, mnemonic, through, moves, step, load_bytes, store_bytes FROM instructions WHERE machine_loop = ' || machine_loop || ' AND through IS NOT NULL AND NOT stack',
         'says': CASE WHEN row_loads > 0 THEN row_loads || ' loads from a row whose pointer was loaded before' WHEN sparsity >= 3 THEN 'address steps of ' || round(sparsity, 1) || ' bytes for each byte accessed' ELSE far_accesses || ' accesses that move by a distance in a register' END}] AS evidence
-- within a line of 64 bytes, elements have other parts that are passed by, and no rows
FROM (SELECT h.*, (g.step / elements_a_pass)::BIGINT AS known, far_accesses > 0 OR g.step / elements_a_pass >= 64 AS far FROM h LEFT JOIN longest g USING (run_id, machine_loop)) h
LEFT JOIN (SELECT DISTINCT run_id, machine_loop FROM instructions WHERE NOT stack AND abs(step) BETWEEN 1 AND 128) b USING (run_id, machine_loop)
JOIN (SELECT run_id, key AS loop, parent FROM loops) n USING (run_id, loop)
CROSS JOIN LATERAL (SELECT n.parent IS NOT NULL AND (coalesce(h.far, false) OR row_loads > 0) AS columns, CASE WHEN h.known >= 1024 AND h.known % 1024 = 0 AND trip_count >= 16 THEN h.known END AS apart) o
WHERE machine_loop IS NOT NULL AND (row_loads > 0 AND n.parent IS NOT NULL OR sparsity >= 3 OR far_accesses > 0 AND (lanes = 1 OR cycles > 1.7 * model_cycles) AND n.parent IS NOT NULL)
