using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;

namespace BestOfN.Data.Tests.Worlds;

public sealed class PocketTextWorldTests
{
    private static readonly PocketTextWorld s_world = new();

    public static TheoryData<PocketTextWorldOptions> Difficulties =>
    [
        new PocketTextWorldOptions(),
        new PocketTextWorldOptions
        {
            PairNumbers = 3,
            PairMaximum = 9,
            RoutePlaces = 6,
            RouteStreets = 8,
            OrderItems = 3,
            OrderConditions = 2,
        },
        new PocketTextWorldOptions
        {
            PairNumbers = 9,
            PairMaximum = 99,
            RoutePlaces = 10,
            RouteStreets = 16,
            OrderItems = 7,
            OrderConditions = 9,
        },
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
    public void Exactly_one_pair_is_correct_in_either_order(PocketTextWorldOptions options)
    {
        foreach (var problem in Draw(300, new(options)).OfType<PairProblem>())
        {
            var pairs = from a in problem.Numbers from b in problem.Numbers where a != b select $"{a}+{b}={problem.Total}";
            Assert.Equal(2, pairs.Count(problem.IsCorrect));
        }
    }

    [Theory]
    [MemberData(nameof(Difficulties))]
    public void A_route_is_correct_where_streets_join_its_places_and_an_order_where_all_its_conditions_hold(PocketTextWorldOptions options)
    {
        var (right, wrong) = (0, 0);
        foreach (var problem in Draw(300, new(options)))
        {
            var random = new SplitMix64(5);
            for (var i = 0; i < 20; i++)
            {
                var guess = problem.Guess(random);
                bool? expected = problem switch
                {
                    RouteProblem route => guess[0] == route.Start && guess[^1] == route.Goal && guess.Distinct().Count() == guess.Length
                        && guess.Zip(guess.Skip(1)).All(s => route.Streets.Contains(s)),
                    OrderProblem order => guess.Order().SequenceEqual(order.Items)
                        && order.Conditions.All(c => guess.IndexOf(c.Earlier) < guess.IndexOf(c.Later)),
                    _ => null,
                };
                if (expected is { } correct)
                {
                    Assert.Equal(correct, problem.IsCorrect(guess));
                    (right, wrong) = correct ? (right + 1, wrong) : (right, wrong + 1);
                }
            }
        }

        Assert.True(right > 0 && wrong > right);   // guesses are seldom right, but not never
    }

    [Theory]
    [InlineData("45+28=73", null)]
    [InlineData("28+45=73", null)]
    [InlineData("45 + 28 = 73", 2)]
    [InlineData("045+28=73", 2)]
    [InlineData("12+61=73", 4)]   // 61 is not listed
    [InlineData("13+60=73", 1)]   // 13 is not
    [InlineData("45+28", 4)]
    [InlineData("51+28=73", 4)]   // wrong sum
    [InlineData("45+28=74", 7)]
    [InlineData("45+28=73.", 8)]
    [InlineData("", 0)]
    public void Tells_where_a_pair_is_wrong(string answer, int? flaw)
    {
        var problem = new PairProblem { Question = "", Solution = "", Numbers = [12, 45, 7, 33, 28, 51], Total = 73 };

        Assert.Equal(flaw, problem.FlawIn(answer));
        Assert.Equal(flaw is null, problem.IsCorrect(answer));
    }

    [Theory]
    [InlineData("ABCD", null)]
    [InlineData("ACD", 1)]        // no street AC
    [InlineData("ABD", 2)]
    [InlineData("ABC", 3)]        // ends too early
    [InlineData("BCD", 0)]        // starts elsewhere
    [InlineData("ABABCD", 2)]     // comes back
    [InlineData("ABCDE", 4)]
    [InlineData("abcd", 0)]
    [InlineData("", 0)]
    public void Tells_where_a_route_is_wrong(string answer, int? flaw)
    {
        var problem = new RouteProblem
        {
            Question = "",
            Solution = "",
            Streets = [('A', 'B'), ('B', 'C'), ('C', 'D'), ('B', 'A')],
            Start = 'A',
            Goal = 'D',
        };

        Assert.Equal(flaw, problem.FlawIn(answer));
        Assert.Equal(flaw is null, problem.IsCorrect(answer));
    }

    [Theory]
    [InlineData("CABD", null)]
    [InlineData("CADB", null)]
    [InlineData("ACBD", 0)]       // C must come before A
    [InlineData("CBAD", 1)]       // A before B
    [InlineData("CAB", 3)]
    [InlineData("CABB", 3)]
    [InlineData("CABDE", 4)]
    [InlineData("C A B D", 1)]
    [InlineData("", 0)]
    public void Tells_where_an_order_is_wrong(string answer, int? flaw)
    {
        var problem = new OrderProblem { Question = "", Solution = "", Items = "ABCD", Conditions = [('A', 'B'), ('C', 'A')] };

        Assert.Equal(flaw, problem.FlawIn(answer));
        Assert.Equal(flaw is null, problem.IsCorrect(answer));
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
                PairProblem pair =>
                    new PairProblem { Question = "", Solution = "", Numbers = [.. pair.Numbers.Reverse()], Total = pair.Total },
                OrderProblem order =>
                    new OrderProblem { Question = "", Solution = "", Items = order.Items, Conditions = [.. order.Conditions.Reverse()] },
                RouteProblem route => new RouteProblem
                {
                    Question = "",
                    Solution = "",
                    Streets = [.. route.Streets.Reverse()],
                    Start = route.Start,
                    Goal = route.Goal,
                },
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
    [InlineData(0, "One-way streets AH CH CD FA HD DB DH GH EA GF BG DA. How do I get from B to A?", "BGFA")]
    [InlineData(1, "Put ABCDEF in a row that keeps the order of CF BF EA AF BA DF.", "EBDCAF")]
    [InlineData(3, "Which two of 28 17 13 16 27 4 add up to 41?", "28+13=41")]
    public void Problems_of_a_seed_do_not_change_between_versions(long index, string question, string solution)
    {
        var problem = s_world.Draw(7, index, Split.Training);

        Assert.Equal((question, solution), (problem.Question, problem.Solution));
    }

    [Fact]
    public void All_families_and_phrasings_occur_equally_often()
    {
        var counts = Draw(3600).CountBy(p => (p.Family, string.Concat(p.Question.Take(8)))).ToDictionary();

        Assert.Equal(9, counts.Count);
        Assert.All(counts.Values, n => Assert.InRange(n, 300, 500));
    }

    [Fact]
    public void A_difficulty_out_of_range_is_refused_by_name()
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => new PocketTextWorld(new() { OrderItems = 9 }));

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
}
