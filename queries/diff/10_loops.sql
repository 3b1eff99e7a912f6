-- purpose: each loop of two runs beside itself, with what every layer says on each side
-- grain: matched pair of loops, or a loop that only one run has
-- columns: loop, place, function, key_a, key_b, and share, samples, iterations, vector_width, ... with _a and _b
-- Needs the temporary tables sides(side, run_id) and loop_pairs(key_a, key_b, matched_by).
CREATE TEMP TABLE loop_code AS
SELECT run_id, loop, count(*) AS instructions,
       count(*) FILTER (operands LIKE '%(\%rsp%' ESCAPE '\' OR operands LIKE '%(\%rbp%' ESCAPE '\') AS stack_accesses,
       count(*) FILTER (regexp_matches(mnemonic, '^call')) AS calls,
       count(*) FILTER (regexp_matches(mnemonic, '^(v?div|v?sqrt|i?div)')) AS divisions,
       count(*) FILTER (regexp_matches(mnemonic, '^j[^m]')) AS branches,
       count(*) FILTER (regexp_matches(mnemonic, '^(cmov|set|v?blend|vp?blend)')) AS selects,
       count(*) FILTER (regexp_matches(mnemonic, 'gather|scatter')) AS gathers,
       count(*) FILTER (regexp_matches(mnemonic, '^(lock|xchg|cmpxchg|xadd)')) AS atomics,
       count(*) FILTER (regexp_matches(mnemonic, '^v?fm(add|sub)|^vfn?m')) AS fmas,
       count(*) FILTER (operands LIKE '%(\%%' ESCAPE '\' AND mnemonic NOT LIKE 'lea%' AND mnemonic NOT LIKE 'nop%') AS memory_accesses,
       count(*) FILTER (mnemonic LIKE 'prefetch%') AS prefetches,
       count(*) FILTER (regexp_matches(mnemonic, '^v?(add|sub|mul|div|sqrt|min|max|fn?m(add|sub)\d*)[sp]s$')) AS float_operations,
       count(*) FILTER (regexp_matches(mnemonic, '^v?(add|sub|mul|div|sqrt|min|max|fn?m(add|sub)\d*)[sp]d$')) AS double_operations
FROM instructions WHERE loop IS NOT NULL GROUP BY ALL;

-- How far each address register moves in a pass of a machine loop, and the bytes accessed through
-- it: dense accesses move by what they read, a walk down a column moves by whole rows.
CREATE TEMP TABLE register_steps AS
SELECT run_id, machine_loop, register, sum(step) AS step
FROM (SELECT run_id, machine_loop, regexp_extract(operands, '%(r\w+)$', 1) AS register,
             CASE WHEN mnemonic = 'incq' THEN 1 WHEN mnemonic = 'decq' THEN -1
                  WHEN regexp_matches(operands, '^\$-?0x[0-9a-f]+, %r\w+$')
                  THEN (CASE WHEN (mnemonic = 'subq') = (operands LIKE '$-%') THEN 1 ELSE -1 END)
                       * TRY_CAST(regexp_extract(operands, '0x[0-9a-f]+') AS BIGINT) END AS step
      FROM instructions
      WHERE machine_loop IS NOT NULL AND mnemonic IN ('addq', 'subq', 'incq', 'decq'))
WHERE step IS NOT NULL GROUP BY ALL;

CREATE TEMP TABLE loop_strides AS
WITH accesses AS (
    SELECT run_id, loop, machine_loop, regexp_extract(operands, '-?\w*\(%[^)]*\)') AS memory,
           max(CASE WHEN regexp_matches(mnemonic, 's[sd]$|^v?movd$') THEN if(mnemonic LIKE '%sd', 8, 4)
                    WHEN operands LIKE '%\%zmm%' ESCAPE '\' THEN 64
                    WHEN operands LIKE '%\%ymm%' ESCAPE '\' THEN 32
                    WHEN operands LIKE '%\%xmm%' ESCAPE '\' THEN 16
                    WHEN mnemonic LIKE '%q' THEN 8 WHEN mnemonic LIKE '%b' THEN 1 ELSE 4 END) AS bytes
    FROM instructions
    WHERE loop IS NOT NULL AND machine_loop IS NOT NULL AND memory <> ''
      AND NOT regexp_matches(mnemonic, '^(lea|nop|prefetch)')
    GROUP BY ALL
), streams AS (
    SELECT run_id, loop, machine_loop, sum(bytes) AS bytes,
           regexp_extract(memory, '\(%(\w+)', 1) AS base,
           regexp_extract(memory, ',%(\w+)', 1) AS "index",
           coalesce(TRY_CAST(regexp_extract(memory, ',(\d)\)', 1) AS BIGINT), 1) AS scale
    FROM accesses GROUP BY ALL
), moved AS (
    SELECT x.*, abs(coalesce(b.step, 0) + x.scale * coalesce(i.step, 0)) AS stride
    FROM streams x
    LEFT JOIN register_steps b ON b.run_id = x.run_id AND b.machine_loop = x.machine_loop AND b.register = x.base
    LEFT JOIN register_steps i ON i.run_id = x.run_id AND i.machine_loop = x.machine_loop AND i.register = x."index"
)
SELECT s.run_id, s.loop, max(s.stride / s.bytes) AS sparsity
FROM moved s JOIN loop_mca m
  ON m.run_id = s.run_id AND m.loop = s.loop AND m.machine_loop = s.machine_loop
WHERE s.stride > 0 GROUP BY ALL;

CREATE TEMP TABLE loop_side AS
SELECT s.side, l.key, l.file || ':' || l.line AS place, l.function_name AS function, l.depth,
       h.share, coalesce(h.samples, 0) AS samples, h.entries, h.iterations, h.trip_count,
       x.vector_width, x.interleave, x.unroll, x.done,
       m.cycles_per_iteration AS mca_cycles, m.bound, m.vector_bits, m.ipc, m.machine_loops,
       c.* EXCLUDE (run_id, loop), p.sparsity
FROM sides s JOIN loops l USING (run_id)
LEFT JOIN hotspots h ON h.run_id = l.run_id AND h.loop = l.key
LEFT JOIN transformed x ON x.run_id = l.run_id AND x.loop = l.key
LEFT JOIN loop_mca m ON m.run_id = l.run_id AND m.loop = l.key
LEFT JOIN loop_code c ON c.run_id = l.run_id AND c.loop = l.key
LEFT JOIN loop_strides p ON p.run_id = l.run_id AND p.loop = l.key;

CREATE TEMP TABLE diff_loops AS
SELECT coalesce(p.key_b, p.key_a) AS loop, p.matched_by, p.key_a, p.key_b,
       coalesce(b.place, a.place) AS place, coalesce(b.function, a.function) AS function,
       a.place AS place_a, b.place AS place_b,
       COLUMNS(a.* EXCLUDE (side, key, place, function)) AS '\0_a',
       COLUMNS(b.* EXCLUDE (side, key, place, function)) AS '\0_b'
FROM loop_pairs p
LEFT JOIN loop_side a ON a.side = 'a' AND a.key = p.key_a
LEFT JOIN loop_side b ON b.side = 'b' AND b.key = p.key_b;
