//! Converts the tree of `shuck-ast` to ours. This is the only file that depends on that parser.

use std::ops::Range;

use shuck_ast as ast;
use shuck_parser::parser::{ParseStatus, Parser};

use crate::lines::Logical;
use crate::opaque::Opaque;
use crate::shell::word::{is_plain, is_quoted_literally};
use crate::shell::{
    Assignment, Branching, Command, CommandKind, Dialect, End, List, Operator, Pipeline, Redirect, Simple,
    Statement, Word,
};
use crate::span::Span;

/// Parses and converts the commands of a script, and says whether they end in a comment.
pub(super) fn list(
    logical: &Logical<'_>,
    range: &Range<usize>,
    dialect: Dialect,
) -> Result<(List, bool), Opaque> {
    let source = &logical.text[range.clone()];
    let result = Parser::new(source).parse();
    if result.status != ParseStatus::Clean || result.file.body.stmts.is_empty() {
        return Err(Opaque::Unparsed);
    }
    let mut lowering =
        Lowering { logical, offset: range.start, source, dialect, problem: None, comment_end: 0 };
    let list = lowering.list(&result.file.body);
    if let Some(problem) = lowering.problem {
        return Err(problem);
    }
    if !is_covered(logical, range, &list) {
        return Err(Opaque::Unparsed);
    }
    Ok((list, lowering.comment_end >= source.trim_end().len()))
}

struct Lowering<'a, 'b> {
    logical: &'a Logical<'b>,
    /// Where `source` starts in the joined text.
    offset: usize,
    source: &'a str,
    dialect: Dialect,
    /// The first construct that makes the whole script opaque.
    problem: Option<Opaque>,
    /// The end of the last comment in `source`; 0 if there is none.
    comment_end: usize,
}

impl Lowering<'_, '_> {
    fn list(&mut self, sequence: &ast::StmtSeq) -> List {
        self.comments(&sequence.leading_comments);
        self.comments(&sequence.trailing_comments);
        let statements: Vec<Statement> = sequence.stmts.iter().map(|stmt| self.statement(stmt)).collect();
        // The parser also accepts `(a)b`, which is an error in every shell.
        let is_stuck = |pair: &[Statement]| {
            let (end, next) = (pair[0].span.end, pair[1].span.start);
            let gap = self.logical.offset_of(end)..self.logical.offset_of(next);
            pair[0].end == End::Line && self.logical.text.get(gap).is_some_and(|gap| !gap.contains('\n'))
        };
        if statements.windows(2).any(is_stuck) {
            self.problem = Some(Opaque::Unparsed);
        }
        List { statements }
    }

    fn statement(&mut self, stmt: &ast::Stmt) -> Statement {
        // And-or lists nest to the left; a long one must not use a stack frame per operator.
        let mut rest = Vec::new();
        let mut left = stmt;
        while let ast::Command::Binary(binary) = &left.command {
            let operator = match binary.op {
                ast::BinaryOp::And => Operator::And,
                ast::BinaryOp::Or => Operator::Or,
                ast::BinaryOp::Pipe | ast::BinaryOp::PipeAll => break,
            };
            if left.negated {
                self.problem = Some(Opaque::Unparsed);
            }
            self.stmt_comments(left);
            rest.push((operator, &*binary.right));
            left = &binary.left;
        }
        let first = self.pipeline(left);
        let rest: Vec<_> =
            rest.into_iter().rev().map(|(operator, right)| (operator, self.pipeline(right))).collect();
        let end = match (stmt.terminator, stmt.terminator_span) {
            (None, _) => End::Line,
            (Some(ast::StmtTerminator::Semicolon), Some(span)) => End::Semicolon(self.span(span)),
            _ => End::Background,
        };
        let last = rest.last().map_or(&first, |(_, pipeline)| pipeline);
        let span = ordered(first.span.start, last.span.end);
        Statement { first, rest, end, span }
    }

    fn pipeline(&mut self, stmt: &ast::Stmt) -> Pipeline {
        let mut negated = false;
        let mut links = Vec::new();
        let mut left = stmt;
        loop {
            negated |= left.negated;
            match &left.command {
                ast::Command::Binary(binary)
                    if matches!(binary.op, ast::BinaryOp::Pipe | ast::BinaryOp::PipeAll) =>
                {
                    if binary.op == ast::BinaryOp::PipeAll {
                        self.bashism();
                    }
                    self.stmt_comments(left);
                    links.push(&*binary.right);
                    left = &binary.left;
                }
                ast::Command::Binary(_) => {
                    // An and-or list in a position that only allows a pipeline in the POSIX
                    // grammar.
                    self.problem = Some(Opaque::Unparsed);
                    break;
                }
                _ => break,
            }
        }
        let mut commands = vec![self.command(left)];
        for right in links.into_iter().rev() {
            if right.negated || matches!(right.command, ast::Command::Binary(_)) {
                self.problem = Some(Opaque::Unparsed);
            }
            commands.push(self.command(right));
        }
        let (first, last) = (commands[0].span, commands[commands.len() - 1].span);
        let start = if negated { self.span(stmt.span).start.min(first.start) } else { first.start };
        Pipeline { negated, span: ordered(start, last.end), commands }
    }

    fn command(&mut self, stmt: &ast::Stmt) -> Command {
        self.stmt_comments(stmt);
        let redirects: Vec<Redirect> =
            stmt.redirects.iter().map(|redirect| self.redirect(redirect)).collect();
        let (kind, mut own) = self.kind(&stmt.command);
        if own.start > own.end && redirects.is_empty() {
            // An empty command, as in `{ ; }`, which every shell rejects.
            self.problem = Some(Opaque::Unparsed);
            own = Span::at(self.logical.start(self.offset));
        }
        let start = redirects.iter().map(|redirect| redirect.span.start).fold(own.start, usize::min);
        let end = redirects.iter().map(|redirect| redirect.span.end).fold(own.end, usize::max);
        Command { kind, redirects, span: ordered(start, end) }
    }

    fn kind(&mut self, command: &ast::Command) -> (CommandKind, Span) {
        match command {
            ast::Command::Simple(simple) => {
                let assignments = self.assignments(&simple.assignments);
                // A command with only assignments has an empty name here.
                let named = !simple.name.span.slice(self.source).is_empty();
                let name = named.then_some(&simple.name);
                let words = name.into_iter().chain(&simple.args).map(|word| self.word(word)).collect();
                Self::simple(assignments, words, self.assigned(&simple.assignments))
            }
            ast::Command::Builtin(builtin) => self.builtin(builtin),
            ast::Command::Decl(clause) => {
                let assignments = self.assignments(&clause.assignments);
                let mut words = vec![self.bare_word(clause.variant_span, Vec::new())];
                for operand in &clause.operands {
                    words.push(match operand {
                        ast::DeclOperand::Flag(word) | ast::DeclOperand::Dynamic(word) => self.word(word),
                        ast::DeclOperand::Name(name) => self.bare_word(name.span, Vec::new()),
                        ast::DeclOperand::Assignment(assignment) => {
                            let substitutions = match &assignment.value {
                                ast::AssignmentValue::Scalar(word) => self.word(word).substitutions,
                                ast::AssignmentValue::Compound(_) => self.opaque_value(),
                            };
                            self.bare_word(assignment.span, substitutions)
                        }
                    });
                }
                Self::simple(assignments, words, self.assigned(&clause.assignments))
            }
            ast::Command::Compound(compound) => self.compound(compound),
            ast::Command::Function(function) => {
                if function.uses_function_keyword() {
                    self.bashism();
                }
                let name = function.static_names().next().map(ToString::to_string).unwrap_or_default();
                let body = List { statements: vec![self.statement(&function.body)] };
                (CommandKind::Function(name, body), self.compound_span(function.span))
            }
            ast::Command::Binary(binary) => {
                self.problem = Some(Opaque::Unparsed);
                (CommandKind::Test(Vec::new()), self.span(binary.span))
            }
            ast::Command::AnonymousFunction(function) => {
                self.problem = Some(Opaque::Unparsed);
                (CommandKind::Test(Vec::new()), self.span(function.span))
            }
        }
    }

    fn builtin(&mut self, builtin: &ast::BuiltinCommand) -> (CommandKind, Span) {
        let (name, argument, more, assignments, span) = match builtin {
            ast::BuiltinCommand::Break(c) => ("break", &c.depth, &c.extra_args, &c.assignments, c.span),
            ast::BuiltinCommand::Continue(c) => ("continue", &c.depth, &c.extra_args, &c.assignments, c.span),
            ast::BuiltinCommand::Return(c) => ("return", &c.code, &c.extra_args, &c.assignments, c.span),
            ast::BuiltinCommand::Exit(c) => ("exit", &c.code, &c.extra_args, &c.assignments, c.span),
        };
        let file = self.span(span);
        let mut words =
            vec![Word::new(ordered(file.start, (file.start + name.len()).min(file.end)), name, Vec::new())];
        words.extend(argument.iter().chain(more).map(|word| self.word(word)));
        let assigned = self.assigned(assignments);
        let assignments = self.assignments(assignments);
        Self::simple(assignments, words, assigned)
    }

    /// A simple command, with the span of its parts: the parser's span extends to the next command.
    fn simple(assignments: Vec<Assignment>, words: Vec<Word>, assigned: Option<Span>) -> (CommandKind, Span) {
        let spans = || assigned.into_iter().chain(words.iter().map(|word| word.span));
        let start = spans().map(|span| span.start).min().unwrap_or(usize::MAX);
        let end = spans().map(|span| span.end).max().unwrap_or(0);
        (CommandKind::Simple(Simple { assignments, words }), Span { start, end })
    }

    fn assigned(&self, assignments: &[ast::Assignment]) -> Option<Span> {
        let (first, last) = (assignments.first()?, assignments.last()?);
        Some(ordered(self.span(first.span).start, self.span(last.span).end))
    }

    fn compound(&mut self, compound: &ast::CompoundCommand) -> (CommandKind, Span) {
        use ast::CompoundCommand as C;
        match compound {
            C::Subshell(list) => {
                let (list, span) = self.bracketed(list, '(', ')');
                (CommandKind::Subshell(list), span)
            }
            C::BraceGroup(list) => {
                let (list, span) = self.bracketed(list, '{', '}');
                (CommandKind::Group(list), span)
            }
            C::If(c) => self.conditional(c),
            C::While(c) => self.repeated(&c.condition, &c.body, c.span, c.done_span),
            C::Until(c) => self.repeated(&c.condition, &c.body, c.span, c.done_span),
            C::For(c) => self.counted(c),
            C::Case(c) => {
                let words = vec![self.word(&c.word)];
                let branches = c.cases.iter().map(|case| self.list(&case.body)).collect();
                let branching = Branching { branches, words, ..Branching::default() };
                (CommandKind::Branching(branching), self.up_to(c.span, Some(c.esac_span)))
            }
            C::Select(c) => {
                self.bashism();
                let words = c.words.iter().map(|word| self.word(word)).collect();
                let branches = vec![self.list(&c.body)];
                let variable = Some(c.variable.to_string());
                let branching = Branching { branches, words, variable, ..Branching::default() };
                (CommandKind::Branching(branching), self.up_to(c.span, Some(c.done_span)))
            }
            C::ArithmeticFor(c) => {
                self.bashism();
                let branches = vec![self.list(&c.body)];
                let branching = Branching { branches, counts: true, ..Branching::default() };
                (CommandKind::Branching(branching), self.up_to(c.span, c.done_span))
            }
            C::Arithmetic(c) => self.test(c.span),
            C::Conditional(c) => self.test(c.span),
            C::Time(c) => {
                let inner = c.command.as_ref().map(|stmt| List { statements: vec![self.statement(stmt)] });
                let span = self.span(c.span);
                let end =
                    inner.as_ref().map_or(span.start + "time".len(), |list| list.statements[0].span.end);
                (CommandKind::Prefixed(inner.unwrap_or_default()), ordered(span.start, end))
            }
            C::Coproc(c) => {
                self.problem = Some(Opaque::Unparsed);
                let inner = List { statements: vec![self.statement(&c.body)] };
                (CommandKind::Prefixed(inner), self.compound_span(c.span))
            }
            C::Repeat(_) | C::Foreach(_) | C::Always(_) => {
                self.problem = Some(Opaque::Unparsed);
                (CommandKind::Test(Vec::new()), Span::at(self.logical.start(self.offset)))
            }
        }
    }

    fn conditional(&mut self, command: &ast::IfCommand) -> (CommandKind, Span) {
        let condition = self.list(&command.condition);
        let mut branches = vec![self.list(&command.then_branch)];
        for (condition, body) in &command.elif_branches {
            branches.push(self.list(condition));
            branches.push(self.list(body));
        }
        branches.extend(command.else_branch.as_ref().map(|list| self.list(list)));
        let end = match command.syntax {
            ast::IfSyntax::ThenFi { fi_span, .. } => Some(fi_span),
            ast::IfSyntax::Brace { .. } => None,
        };
        let branching = Branching { condition, branches, ..Branching::default() };
        (CommandKind::Branching(branching), self.up_to(command.span, end))
    }

    /// A `while` or an `until`.
    fn repeated(
        &mut self,
        condition: &ast::StmtSeq,
        body: &ast::StmtSeq,
        span: ast::Span,
        done: Option<ast::Span>,
    ) -> (CommandKind, Span) {
        let (condition, branches) = (self.list(condition), vec![self.list(body)]);
        let branching = Branching { condition, branches, ..Branching::default() };
        (CommandKind::Branching(branching), self.up_to(span, done))
    }

    /// A `for` over words.
    fn counted(&mut self, command: &ast::ForCommand) -> (CommandKind, Span) {
        let words = command.words.iter().flatten().map(|word| self.word(word)).collect();
        let target = command.targets.first().and_then(|target| target.name.as_ref());
        let (variable, branches) = (target.map(ToString::to_string), vec![self.list(&command.body)]);
        let end = match command.syntax {
            ast::ForSyntax::InDoDone { done_span, .. } | ast::ForSyntax::ParenDoDone { done_span, .. } => {
                Some(done_span)
            }
            _ => None,
        };
        let branching = Branching { branches, words, variable, ..Branching::default() };
        (CommandKind::Branching(branching), self.up_to(command.span, end))
    }

    /// `[[ … ]]` or `(( … ))`.
    fn test(&mut self, span: ast::Span) -> (CommandKind, Span) {
        self.bashism();
        let lists = self.hidden_commands(span);
        (CommandKind::Test(lists), self.compound_span(span))
    }

    fn word(&mut self, word: &ast::Word) -> Word {
        let mut substitutions = Vec::new();
        self.substitutions(&word.parts, &mut substitutions);
        self.bare_word(word.span, substitutions)
    }

    fn bare_word(&mut self, span: ast::Span, substitutions: Vec<List>) -> Word {
        let raw = span.slice(self.source);
        if raw.bytes().all(|byte| byte.is_ascii() && is_plain(byte)) {
            return Word::plain_at(self.span(span), raw, substitutions);
        }
        if substitutions.is_empty()
            && (raw.contains("$(") && !raw.contains("$((") || raw.contains('`'))
            && !is_quoted_literally(raw)
        {
            // The parser does not show some commands, as in "${x:-$(command)}".
            self.problem = Some(Opaque::Unparsed);
        }
        // The parser reads an unclosed brace or bracket as a word that continues across blanks.
        if !is_one_word(raw) {
            self.problem = Some(Opaque::Unparsed);
        }
        Word::new(self.span(span), raw, substitutions)
    }

    fn substitutions(&mut self, parts: &[ast::WordPartNode], found: &mut Vec<List>) {
        for part in parts {
            match &part.kind {
                ast::WordPart::CommandSubstitution { body, .. } => {
                    let outer = self.comment_end;
                    found.push(self.list(body));
                    self.comment_end = outer;
                }
                ast::WordPart::ProcessSubstitution { body, .. } => {
                    self.bashism();
                    found.push(self.list(body));
                }
                ast::WordPart::DoubleQuoted { parts, .. } => self.substitutions(parts, found),
                ast::WordPart::ArithmeticExpansion { expression_word_ast, .. } => {
                    self.substitutions(&expression_word_ast.parts, found);
                }
                ast::WordPart::ParameterExpansion { operand_word_ast: Some(word), .. } => {
                    self.substitutions(&word.parts, found);
                }
                _ => {}
            }
        }
    }

    /// For constructs whose commands the tree does not show: the script is opaque unless there are
    /// none.
    fn hidden_commands(&mut self, span: ast::Span) -> Vec<List> {
        let raw = span.slice(self.source);
        if raw.contains("$(") || raw.contains('`') {
            self.problem = Some(Opaque::Unparsed);
        }
        Vec::new()
    }

    fn opaque_value(&mut self) -> Vec<List> {
        self.bashism();
        Vec::new()
    }

    fn assignments(&mut self, assignments: &[ast::Assignment]) -> Vec<Assignment> {
        let lowered = assignments.iter().map(|assignment| {
            let value = match &assignment.value {
                ast::AssignmentValue::Scalar(word) => Some(self.word(word)),
                ast::AssignmentValue::Compound(array) => {
                    self.bashism();
                    self.hidden_commands(array.span);
                    None
                }
            };
            Assignment { name: assignment.target.name.to_string(), value }
        });
        lowered.collect()
    }

    fn redirect(&mut self, redirect: &ast::Redirect) -> Redirect {
        use ast::RedirectKind as K;
        let target = match &redirect.target {
            // The parser gives the descriptor of `2>&1` no place in the text.
            ast::RedirectTarget::Word(word) if word.span.slice(self.source).is_empty() => {
                let text = redirect.span.slice(self.source);
                let digits =
                    text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').len();
                let end = redirect.span.start.offset() + text.len();
                let span = self.logical.span(self.offset + end - digits, self.offset + end);
                Some(Word::new(span, &text[text.len() - digits..], Vec::new()))
            }
            ast::RedirectTarget::Word(word) => Some(self.word(word)),
            ast::RedirectTarget::Heredoc(_) => None,
        };
        let to_descriptor = || {
            target
                .as_ref()
                .and_then(Word::literal)
                .is_some_and(|to| to == "-" || to.bytes().all(|b| b.is_ascii_digit()))
        };
        // bash redirects both outputs to a file with `&>` and `>& file`; in other shells, the first
        // is a background job.
        if redirect.kind == K::OutputBoth
            || redirect.kind == K::HereString
            || (redirect.kind == K::DupOutput && !to_descriptor())
        {
            self.bashism();
        }
        let writes =
            matches!(redirect.kind, K::Output | K::Clobber | K::Append | K::ReadWrite | K::OutputBoth);
        Redirect { writes, target, span: self.span(redirect.span) }
    }

    fn stmt_comments(&mut self, stmt: &ast::Stmt) {
        self.comments(&stmt.leading_comments);
        if let Some(comment) = &stmt.inline_comment {
            self.comments(std::slice::from_ref(comment));
        }
    }

    fn comments(&mut self, comments: &[ast::Comment]) {
        for comment in comments {
            self.comment_end = self.comment_end.max(comment.range.end().to_u32() as usize);
        }
    }

    fn bashism(&mut self) {
        if self.dialect == Dialect::Sh && self.problem.is_none() {
            self.problem = Some(Opaque::Bashism);
        }
    }

    /// The span of a compound command up to its last word. If that word is unknown, the script is
    /// opaque.
    fn up_to(&mut self, span: ast::Span, last: Option<ast::Span>) -> Span {
        let Some(last) = last else {
            self.problem = Some(Opaque::Unparsed);
            return self.compound_span(span);
        };
        ordered(self.span(span).start, self.span(last).end)
    }

    /// A list in brackets, and its span including the brackets. The parser's span includes them
    /// only in some cases, so they are searched for around the statements.
    fn bracketed(&mut self, sequence: &ast::StmtSeq, open: char, close: char) -> (List, Span) {
        let list = self.list(sequence);
        let (Some(first), Some(last)) = (list.statements.first(), list.statements.last()) else {
            self.problem = Some(Opaque::Unparsed);
            return (list, Span::at(self.logical.start(self.offset)));
        };
        let start = self.logical.offset_of(first.span.start);
        // A script that is parsed only in part has statements without text.
        let end = last.span.end.checked_sub(1).map_or(0, |at| self.logical.offset_of(at) + 1);
        let text = &self.logical.text;
        let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else {
            self.problem = Some(Opaque::Unparsed);
            return (list, Span::at(self.logical.start(self.offset)));
        };
        let before = before.trim_end();
        let after = after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ';' | '&'));
        if !before.ends_with(open) || !after.starts_with(close) {
            self.problem = Some(Opaque::Unparsed);
            return (list, Span::at(self.logical.start(self.offset)));
        }
        let span = self.logical.span(before.len() - 1, text.len() - after.len() + 1);
        (list, span)
    }

    /// The span of a test. The parser's span extends to the next command, including operators.
    fn compound_span(&self, span: ast::Span) -> Span {
        let start = span.start.offset();
        let text = span.slice(self.source);
        let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|'));
        self.logical.span(self.offset + start, self.offset + start + text.len())
    }

    fn span(&self, span: ast::Span) -> Span {
        // The parser's span may include blanks after a command; an insertion must not be placed
        // after them.
        let start = span.start.offset();
        let end = start + span.slice(self.source).trim_end().len();
        self.logical.span(self.offset + start, self.offset + end)
    }
}

/// Whether only separators and a comment follow the last command: the parser may drop text that it
/// can't place, as in `a b=(c d`.
fn is_covered(logical: &Logical<'_>, range: &Range<usize>, list: &List) -> bool {
    let (mut end, mut heredoc) = (0, false);
    list.walk(&mut |command| {
        end = end.max(command.span.end);
        heredoc |= command.redirects.iter().any(|redirect| redirect.target.is_none());
    });
    if end == 0 || heredoc {
        return heredoc;
    }
    let tail = &logical.text[logical.offset_of(end - 1) + 1..range.end];
    tail.split('#').next().unwrap_or_default().chars().all(|c| c.is_whitespace() || matches!(c, ';' | '&'))
}

/// A span whose end may come from a wrong position of the parser: such a script is opaque anyway,
/// but must not cause a panic.
fn ordered(start: usize, end: usize) -> Span {
    Span::new(start, end.max(start))
}

/// Whether a text is one word in every shell: there are no blanks outside quotes and substitutions,
/// and all of them are closed.
fn is_one_word(raw: &str) -> bool {
    if !raw.contains(|c: char| c.is_whitespace() || matches!(c, '\\' | '$' | '`' | '\'' | '"' | '(' | '{')) {
        return true;
    }
    let mut closing: Vec<char> = Vec::new();
    let mut chars = raw.chars();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match (c, closing.last()) {
            ('\\', top) if top != Some(&'\'') => {
                // A backslash at the end would escape appended text.
                let Some(_) = chars.next() else { return false };
            }
            (c, Some(close)) if c == *close => {
                closing.pop();
            }
            (_, Some('\'')) => {}
            ('\'', top) if top != Some(&'"') => closing.push('\''),
            ('"' | '`', _) => closing.push(c),
            // Also the span of a pattern like `@(a|b)`.
            ('(', top) if before == '$' || matches!(top, None | Some(')')) => closing.push(')'),
            ('{', _) if before == '$' => closing.push('}'),
            ('[', _) if before == '$' => closing.push(']'),
            (c, None) if c.is_whitespace() => return false,
            // The parser determines the end of an unclosed brace, and of `{{`, from the following
            // text.
            ('{', Some('}')) if before == '{' => return false,
            ('{', None) => closing.push('}'),
            _ => {}
        }
        before = c;
    }
    closing.is_empty()
}

#[cfg(test)]
mod tests {
    use super::is_one_word;

    #[test]
    fn blanks_belong_to_quotes_and_substitutions() {
        for word in [
            "a",
            "{}",
            "{a,b}",
            "'a b'",
            "\"a $(b c) d\"",
            "a\\ b",
            "$(a (b) c)",
            "${a:-b c}",
            "`a b`",
            "$((1 + 2))",
            "<(a b)",
            "\"it's a\"",
        ] {
            assert!(is_one_word(word), "{word}");
        }
        for word in ["{{{ b", "?(a b", "a b", "'a' b", "${a", "$(a", "'a", "F{{", "x+(a", "{a", "a\\"] {
            assert!(!is_one_word(word), "{word}");
        }
    }
}
