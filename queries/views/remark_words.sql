-- purpose: each remark as the sentence that clang would print; the sentences of MLIR's, one after another
-- grain: distinct remark of a unit
-- columns: run_id, loop, file, line, column, function, tag, pass, name, words, count, hotness
SELECT run_id, loop, file, line, "column", function, tag, pass, name,
       array_to_string(list_transform(args, lambda a, i: CASE WHEN i > 1 AND args[1].key = 'Remark' THEN '; ' ELSE '' END || a.value), '') AS words, count, hotness
FROM remarks
