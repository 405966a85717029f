using BestOfN.Training.Worlds;

namespace BestOfN.Training.Tests.Worlds;

public sealed class PocketTextWorldTests
{
    private static readonly PocketTextWorld s_world = new();

    public static TheoryData<PocketTextWorldOptions> Difficulties =>
    [
        new PocketTextWorldOptions(),
        new PocketTextWorldOptions { PairNumbers = 3, PairMaximum = 9, TargetNumbers = 2, TargetMaximum = 9, TargetRunningMaximum = 9, OrderItems = 3 },
        new PocketTextWorldOptions { PairNumbers = 9, PairMaximum = 99, TargetNumbers = 5, TargetMaximum = 40, OrderItems = 6 },
    ];

    [Theory]
    [MemberData(nameof(Difficulties))]
    public void The_solution_is_correct_and_white_space_around_it_does_not_matter(PocketTextWorldOptions options)
    {
        foreach (var problem in Draw(300, new(options)))
        {
            Assert.True(problem.IsCorrect(problem.Solution), $"{problem.Question} {problem.Solution}");
            Assert.True(problem.IsCorrect($" \n{problem.Solution}\t "));
        }
    }

    [Theory]
    [MemberData(nameof(Difficulties))]
    public void Exactly_one_answer_is_correct_among_all_that_can_be_given(PocketTextWorldOptions options)
    {
        foreach (var problem in Draw(200, new(options)))
        {
            var correct = AllAnswers(problem).Where(problem.IsCorrect);
            Assert.Equal([problem.Solution], correct);
        }
    }

    [Fact]
    public void A_pair_may_be_named_in_either_order()
    {
        foreach (var problem in Draw(200).OfType<PairProblem>())
        {
            var parts = problem.Solution.Split(' ');
            Assert.True(problem.IsCorrect($"{parts[2]} + {parts[0]} = {parts[4]}"));
        }
    }

    [Fact]
    public void Every_single_changed_added_or_dropped_character_is_noticed()
    {
        const string Characters = "0123456789 +-=,ABCDE.";
        foreach (var problem in Draw(150))
        {
            var solution = problem.Solution;
            for (var i = 0; i < solution.Length; i++)
            {
                Assert.False(problem.IsCorrect(solution.Remove(i, 1)), $"{solution} without {i}");
                foreach (var c in Characters)
                {
                    if (c != solution[i])
                    {
                        Assert.False(problem.IsCorrect($"{solution[..i]}{c}{solution[(i + 1)..]}"), $"{solution} with {c} at {i}");
                    }

                    if (i > 0 || c != ' ')
                    {
                        Assert.False(problem.IsCorrect(solution.Insert(i, c.ToString())), $"{solution} with {c} before {i}");
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("45 + 28 = 73", true)]
    [InlineData("28 + 45 = 73", true)]
    [InlineData("45 + 28 = 73.", false)]
    [InlineData("45+28=73", false)]
    [InlineData("045 + 28 = 73", false)]
    [InlineData("12 + 61 = 73", false)] // 61 is not listed
    [InlineData("45 + 28", false)]
    [InlineData("51 + 28 = 73", false)] // wrong sum
    [InlineData("12 + 45 = 57", false)] // right sum, wrong total
    [InlineData("", false)]
    public void Checks_pairs(string answer, bool correct)
    {
        var problem = new PairProblem { Question = "", Solution = "", Numbers = [12, 45, 7, 33, 28, 51], Total = 73 };

        Assert.Equal(correct, problem.IsCorrect(answer));
    }

    [Theory]
    [InlineData("9 - 3 = 6, 6 + 8 = 14, 14 - 5 = 9", true)]
    [InlineData("9 - 3 = 6, 6 + 8 = 15, 15 - 5 = 9", false)] // wrong steps, right end
    [InlineData("9 - 3 = 6, 6 + 8 = 14, 14 - 5 = 8", false)]
    [InlineData("9 + 3 = 12, 12 + 8 = 20, 20 - 5 = 15", false)] // right steps, wrong end
    [InlineData("9 + 8 = 17, 17 - 3 = 14, 14 - 5 = 9", false)] // other order
    [InlineData("9 - 3 = 6, 6 + 8 = 14", false)]
    [InlineData("9 - 3 = 6, 6 + 8 = 14, 14 - 5 = 9, 9 + 0 = 9", false)]
    [InlineData("9 - 3 = 6,6 + 8 = 14, 14 - 5 = 9", false)]
    [InlineData("9 - 3 + 8 - 5 = 9", false)]
    [InlineData(", , ", false)]
    public void Checks_targets(string answer, bool correct)
    {
        var problem = new TargetProblem { Question = "", Solution = "", Numbers = [9, 3, 8, 5], Target = 9 };

        Assert.Equal(correct, problem.IsCorrect(answer));
    }

    [Theory]
    [InlineData("C A B D", true)]
    [InlineData("C A D B", false)] // D must be last
    [InlineData("A C B D", false)] // C must come before A
    [InlineData("C B A D", false)] // B must follow A
    [InlineData("C A B", false)]
    [InlineData("C A B B", false)]
    [InlineData("C A B D E", false)]
    [InlineData("C, A, B, D", false)]
    [InlineData("c a b d", false)]
    public void Checks_orders(string answer, bool correct)
    {
        var problem = new OrderProblem
        {
            Question = "",
            Solution = "",
            Items = 4,
            Constraints = [new OrderConstraint.RightAfter('B', 'A'), new OrderConstraint.Before('C', 'A'), new OrderConstraint.Last('D')],
        };

        Assert.Equal(correct, problem.IsCorrect(answer));
    }

    [Fact]
    public void Needs_every_constraint_of_an_order()
    {
        foreach (var problem in Draw(300).OfType<OrderProblem>())
        {
            for (var i = 0; i < problem.Constraints.Count; i++)
            {
                var weaker = new OrderProblem
                {
                    Question = "",
                    Solution = "",
                    Items = problem.Items,
                    Constraints = [.. problem.Constraints.Where((_, j) => j != i)],
                };
                Assert.True(AllAnswers(weaker).Count(weaker.IsCorrect) > 1, problem.Question);
            }
        }
    }

    [Fact]
    public void Running_values_stay_within_their_limits()
    {
        foreach (var problem in Draw(300).OfType<TargetProblem>())
        {
            var values = problem.Solution.Split(", ").Select(step => int.Parse(step.Split(" = ")[1], null));
            Assert.All(values, v => Assert.InRange(v, 0, 99));
        }
    }

    [Fact]
    public void The_splits_share_no_content_under_any_seeds()
    {
        var training = new HashSet<string>(Enumerable.Range(0, 4000).Select(i => s_world.Draw((ulong)i, 0, Split.Training).Content));
        var heldOut = Enumerable.Range(0, 4000).Select(i => s_world.Draw((ulong)i, 0, Split.HeldOut)).ToList();

        Assert.DoesNotContain(heldOut, p => training.Contains(p.Content));
        Assert.All(heldOut, p => Assert.Equal(Split.HeldOut, p.Split));
    }

    [Fact]
    public void Neither_phrasing_nor_the_order_of_numbers_and_constraints_moves_a_problem_to_the_other_split()
    {
        foreach (var problem in Draw(200))
        {
            Problem other = problem switch
            {
                PairProblem pair => new PairProblem { Question = "", Solution = "", Numbers = [.. pair.Numbers.Reverse()], Total = pair.Total },
                OrderProblem order => new OrderProblem { Question = "", Solution = "", Items = order.Items, Constraints = [.. order.Constraints.Reverse()] },
                _ => problem,
            };
            Assert.Equal(problem.Split, other.Split);
        }
    }

    [Fact]
    public void About_one_content_in_ten_is_held_out()
    {
        var random = new SplitMix64(3);
        var heldOut = Enumerable.Range(0, 5000).Count(_ => PairProblem.Draw(new(), random).Split == Split.HeldOut);

        Assert.InRange(heldOut, 400, 600);
    }

    [Fact]
    public void The_same_seed_index_and_split_give_the_same_problem_and_others_give_others()
    {
        Assert.Equal(Draw(50).Select(p => p.Question), Draw(50).Select(p => p.Question));
        Assert.Equal(200, Draw(100).Concat(Draw(100, seed: 8)).Select(p => p.Question).Distinct().Count());
    }

    // Drawn once and written down: another version or platform must ask the same questions, or held-out problems leak into training.
    [Theory]
    [InlineData(0, "Make 18 from 12, 7, 10, 3 with + and -, in this order.", "12 - 7 = 5, 5 + 10 = 15, 15 + 3 = 18")]
    [InlineData(1, "Line up A, B, C, D, E: D right after B, A first, E before B, C right after D.", "A E B D C")]
    [InlineData(3, "Which two of 56, 33, 25, 31, 53, 8 add up to 81?", "56 + 25 = 81")]
    public void Problems_stay_what_they_are(long index, string question, string solution)
    {
        var problem = s_world.Draw(7, index, Split.Training);

        Assert.Equal((question, solution), (problem.Question, problem.Solution));
    }

    [Fact]
    public void All_families_and_phrasings_occur_equally_often()
    {
        var counts = Draw(3600).CountBy(p => (p.Family, string.Concat(p.Question.TakeWhile(c => !char.IsDigit(c) && c != ',')))).ToDictionary();

        // "Make 12 from …" and the like: what stands before the first number or comma tells phrasings apart.
        Assert.Equal(9, counts.Count);
        Assert.All(counts.Values, n => Assert.InRange(n, 300, 500));
    }

    [Fact]
    public void A_difficulty_out_of_range_is_refused_by_name()
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => new PocketTextWorld(new() { OrderItems = 8 }));

        Assert.Equal(nameof(PocketTextWorldOptions.OrderItems), refused.ParamName);
    }

    [Fact]
    public void A_problem_is_asked_in_one_user_message()
    {
        var problem = s_world.Draw(1, 2, Split.Training);

        var message = Assert.Single(problem.ToPrompt().Messages);
        Assert.Equal(("user", problem.Question), (message.Role, message.Text));
    }

    private static IEnumerable<Problem> Draw(int count, PocketTextWorld? world = null, ulong seed = 7) =>
        Enumerable.Range(0, count).Select(i => (world ?? s_world).Draw(seed, i, Split.Training));

    /// <summary>Every answer in the right form, written without any help of the checker.</summary>
    private static IEnumerable<string> AllAnswers(Problem problem)
    {
        switch (problem)
        {
            case PairProblem { Numbers: var numbers }:
                for (var i = 0; i < numbers.Count; i++)
                {
                    for (var j = i + 1; j < numbers.Count; j++)
                    {
                        yield return $"{numbers[i]} + {numbers[j]} = {numbers[i] + numbers[j]}";
                    }
                }

                break;
            case TargetProblem { Numbers: var numbers }:
                for (var signs = 0; signs < 1 << (numbers.Count - 1); signs++)
                {
                    var steps = new List<string>();
                    var value = numbers[0];
                    for (var i = 1; i < numbers.Count; i++)
                    {
                        var plus = (signs & (1 << i - 1)) != 0;
                        var next = plus ? value + numbers[i] : value - numbers[i];
                        steps.Add($"{value} {(plus ? "+" : "-")} {numbers[i]} = {next}");
                        value = next;
                    }

                    yield return string.Join(", ", steps);
                }

                break;
            case OrderProblem order:
                foreach (var line in Lines("ABCDEFG"[..order.Items]))
                {
                    yield return string.Join(' ', line.ToCharArray());
                }

                break;
        }
    }

    private static IEnumerable<string> Lines(string items) => items.Length == 0
        ? [""]
        : items.SelectMany((c, i) => Lines(items.Remove(i, 1)).Select(rest => c + rest));
}
