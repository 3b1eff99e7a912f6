-- purpose: each remark as the sentence that clang would print
-- grain: distinct remark of a unit
-- columns: run_id, loop, file, line, column, function, tag, pass, name, words, count, hotness
SELECT run_id, loop, file, line, "column", function, tag, pass, name,
       array_to_string(list_transform(args, lambda a: a.value), '') AS words, count, hotness
FROM remarks
