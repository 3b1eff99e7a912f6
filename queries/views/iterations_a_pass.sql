-- purpose: how many iterations of its source loop one pass through a machine loop makes
-- grain: machine loop of a loop that was vectorised, interleaved or unrolled
-- columns: run_id, machine_loop, loop, iterations, in_vectors
-- A vectorised loop has several machine loops: vectors, their remainder, what is unrolled where arrays
-- overlap. Each has its own count, and a remark about one says nothing of the others: what the addresses
-- move by tells them apart, measured by the one that makes an iteration at a time, where there is one;
-- else by the longest, which is what the remarks speak of. `in_vectors`: it works on vectors, or moves them.
-- NULL where neither tells.
WITH made AS (
    SELECT run_id, loop, coalesce(vector_width, 1) * coalesce(interleave, 1) AS lanes, coalesce(unroll, 1) AS unroll, coalesce(beside, unroll, 1) AS copies
    FROM transformed WHERE vector_width > 1 OR interleave > 1 OR unroll > 1 OR beside > 1
), code AS (
    SELECT m.run_id, m.machine_loop, m.loop, max(greatest(i.load_bytes, i.store_bytes)) FILTER (NOT i.stack) AS widest,
           coalesce(bool_or(i.packed), any_value(m.vector_bits) > 0, false) AS packed, count(i.run_id) AS instructions,
           coalesce(list_sort(list_distinct(list(abs(i.step)) FILTER (i.step <> 0 AND NOT i.stack))), []) AS steps
    FROM machine_loops m JOIN made USING (run_id, loop) LEFT JOIN instructions i USING (run_id, machine_loop)
    GROUP BY ALL
), counted AS (
    -- how many accesses follow the first one of a pass within its step: copies of the body lie side by side
    SELECT run_id, machine_loop, min(accesses) AS accesses
    FROM (SELECT i.run_id, i.machine_loop, i.through, count(DISTINCT i.displacement) AS accesses
          FROM code c JOIN instructions i USING (run_id, machine_loop) WHERE i.step <> 0 AND NOT i.stack GROUP BY ALL)
    GROUP BY ALL
), versions AS (
    SELECT c.*, a.accesses, made.lanes, made.unroll, made.copies, max(c.steps[-1]) OVER own AS longest,
           first(c.steps) OVER (own ORDER BY c.steps[-1], c.widest, c.machine_loop) AS least_steps,
           first(c.packed OR c.widest >= 16) OVER (own ORDER BY c.steps[-1], c.widest, c.machine_loop) AS least_wide,
           first(a.accesses) OVER (own ORDER BY c.steps[-1], c.widest, c.machine_loop) AS least_accesses,
           list(c.steps[-1]) FILTER (NOT c.packed AND c.widest < 16) OVER own AS scalar
    FROM code c JOIN made USING (run_id, loop) LEFT JOIN counted a USING (run_id, machine_loop)
    WHERE len(c.steps) > 0 WINDOW own AS (PARTITION BY c.run_id, c.loop)
), based AS (
    -- the shortest is one iteration, or all copies of an unrolled one that leaves no loop behind
    SELECT *, CASE WHEN least_wide OR lanes = 1 AND longest = least_steps[-1] THEN NULL
                   WHEN copies > 1 AND least_accesses % copies = 0 AND NOT list_contains(scalar, copies * least_steps[-1]) THEN least_steps[-1] // copies
                   ELSE least_steps[-1] END AS base
    FROM versions
)
SELECT c.run_id, c.machine_loop, c.loop, c.packed OR coalesce(c.widest >= 16, false) AS in_vectors,
       CASE WHEN b.base IS NOT NULL AND b.steps[-1] % b.base = 0
             -- the same streams, each so many times as far
             AND list_transform(b.steps, lambda s: s / b.steps[-1]) = list_transform(b.least_steps, lambda s: s / b.least_steps[-1]) THEN b.steps[-1] // b.base
            WHEN b.longest % b.steps[-1] = 0 AND (made.lanes * made.unroll) % (b.longest // b.steps[-1]) = 0 THEN made.lanes * made.unroll // (b.longest // b.steps[-1])
            -- a remainder, or a copy of which only its size is known
            WHEN made.lanes > 1 AND NOT in_vectors THEN CASE WHEN c.instructions > 0 AND made.copies = 1 THEN 1 END
            ELSE made.lanes * made.unroll END AS iterations
FROM code c JOIN made USING (run_id, loop) LEFT JOIN based b USING (run_id, machine_loop)
