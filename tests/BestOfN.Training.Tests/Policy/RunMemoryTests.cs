using BestOfN.Training.Policy;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Tests.Policy;

public sealed class RunMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_run_ends_when_no_measurement_was_better_for_long_enough()
    {
        var memory = new RunMemory(Recipe(new PolicyStop { Patience = 2 }));
        Assert.True(memory.AddMeasurement(Measured(0.4, 0.3, 1)));
        Assert.False(memory.AddMeasurement(Measured(0.3, 0.3, 1)));
        Assert.Null(memory.Ending);
        Assert.False(memory.AddMeasurement(Measured(0.4, 0.3, 1)));
        Assert.Contains("no better", memory.Ending, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_ends_when_scores_rise_while_accuracy_falls()
    {
        var memory = new RunMemory(Recipe(new PolicyStop { Hacking = 2 }));
        memory.AddMeasurement(Measured(0.5, 0.5, 1));
        memory.AddMeasurement(Measured(0.4, 0.5, 2));
        Assert.Null(memory.Ending);
        memory.AddMeasurement(Measured(0.3, 0.5, 3));
        Assert.Contains("scores rose while accuracy fell", memory.Ending, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_ends_when_the_entropy_has_collapsed_and_not_in_its_first_steps()
    {
        var memory = new RunMemory(Recipe(new PolicyStop { EntropyShare = 0.5 }));
        for (var i = 0; i < 5; i++)
        {
            memory.AddStep(1, 0, 10, 2, 8);
        }

        Assert.Null(memory.Ending);
        for (var i = 0; i < 10; i++)
        {
            memory.AddStep(1, 0, 10, 0.1, 8);
        }

        Assert.Contains("entropy", memory.Ending, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_that_train_no_answer_say_nothing_of_the_entropy()
    {
        var memory = new RunMemory(Recipe(new PolicyStop { EntropyShare = 0.5 }));
        for (var i = 0; i < 40; i++)
        {
            memory.AddStep(1, 0, 10, i % 4 == 0 ? 2 : null, 8);
        }

        Assert.Null(memory.Ending);
    }

    [Fact]
    public void Steps_with_a_penalty_of_their_own_leave_the_adaptive_one_as_it_is()
    {
        var memory = new RunMemory(Recipe(new PolicyStop()) with { Kl = new PolicyKl { Beta = 1, Target = 0.1, Horizon = 8 } });
        memory.AddStep(1, 5, 10, 2, 8, adapts: false);
        Assert.Equal(1, memory.Beta);
        memory.AddStep(1, 5, 10, 2, 8);
        Assert.True(memory.Beta > 1);
    }

    [Fact]
    public void Without_a_checker_the_score_tells_which_measurement_is_best()
    {
        var memory = new RunMemory(Recipe(new PolicyStop()));
        Assert.True(memory.AddMeasurement(new Dictionary<string, double> { ["score"] = -3 }));
        Assert.True(memory.AddMeasurement(new Dictionary<string, double> { ["score"] = -2 }));
        Assert.False(memory.AddMeasurement(new Dictionary<string, double> { ["score"] = -2.5 }));
    }

    public void Dispose() => _folder.Dispose();

    private PolicyRecipe Recipe(PolicyStop stop) => PocketPolicy.Recipe(_folder, "grpo") with { Stop = stop };

    private static Dictionary<string, double> Measured(double greedy, double pass1, double score) =>
        new() { ["greedy"] = greedy, ["pass1"] = pass1, ["score"] = score };
}
