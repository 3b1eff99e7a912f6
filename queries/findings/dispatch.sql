-- finds: an interpreter: each operation jumps through a table to the next, and the processor has to guess where to
-- refuted-by: built with a profile of its own work, the loop takes as long as before
-- source: Ertl, Gregg, "The Structure and Performance of Efficient Interpreters" (2003); clang documentation, profile guided optimization
WITH jumps AS (
    SELECT run_id, loop, count(*) AS n, max(symbol) AS symbol FROM instructions
    WHERE kind = 'jump' AND (operands LIKE '*%' OR mnemonic IN ('br', 'braa', 'braaz')) GROUP BY run_id, loop, CASE WHEN loop IS NULL THEN symbol END
)
SELECT h.run_id, id, CASE WHEN n >= 4 THEN 0.92 ELSE 0.62 END AS strength, NULL::DOUBLE AS part,
       CASE WHEN n >= 4 THEN 'an interpreter''s loop: ' || n || ' jumps through a table, each of which the processor has to guess'
            ELSE 'each pass jumps through a table (a switch), and the processor has to guess where to' END AS says,
       'build with a profile of typical work (-fprofile-generate, then -fprofile-use: corr optimize tries that), or do more in one operation' AS helps,
       NULL AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''jump'' AND ' || here, 'says': n || ' jumps to an address in a register or a table'}] AS evidence
-- labels that are jumped to from one another make no loop of the source
FROM h JOIN jumps j ON j.run_id = h.run_id AND (j.loop = h.loop AND lanes = 1 OR h.loop IS NULL AND j.loop IS NULL AND j.symbol = h.symbol AND h.own AND n >= 4)
