/** What a model is told of the tool: the grammar, by example. */
export const DESCRIPTION = `Adds, changes, moves and deletes text files in the workspace. All changes of a patch are made, or none.

*** Begin Patch
*** Add File: docs/new.md
+# Title
+Every line of a new file begins with +
*** Update File: src/app.py
*** Move to: src/main.py
@@ class App
@@     def run(self):
         start()
-        work(1)
+        work(2)
         stop()
*** Delete File: old.txt
*** End Patch

- Paths are relative to the workspace.
- A change in "*** Update File:" begins with @@ and has about 3 lines of context before and after it. Context lines begin with one space, removed lines with -, new lines with +. Context and removed lines must be as they are in the file. There are no line numbers.
- Where the context is not unique, name the enclosing class or function after @@, from outer to inner.
- Several changes of a file stand in the file's order, each with its own @@.
- "*** End of File" after a change says that its lines are the last ones of the file.
- "*** Move to:" is optional and renames the file.`;
