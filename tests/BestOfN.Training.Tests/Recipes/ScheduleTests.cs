using BestOfN.Training.Recipes;

namespace BestOfN.Training.Tests.Recipes;

public sealed class ScheduleTests
{
    private static readonly Schedule s_schedule = new() { Batch = 4, LearningRate = 2, Warmup = 10, FinalShare = 0.1 };

    [Theory]
    [InlineData(0, 0.2)]
    [InlineData(9, 2)]
    [InlineData(10, 2)]
    [InlineData(60, 1.1)]
    [InlineData(110, 0.2)]
    public void The_learning_rate_rises_along_a_line_and_falls_along_half_a_cosine(int step, double expected) =>
        Assert.Equal(expected, s_schedule.LearningRateAt(step, 110), 1e-12);

    [Fact]
    public void A_warm_up_below_one_is_a_share_of_all_steps() =>
        Assert.Equal(s_schedule.LearningRateAt(5, 100), (s_schedule with { Warmup = 0.1 }).LearningRateAt(5, 100), 1e-12);

    [Theory]
    [InlineData(null, null, 100, 25)]
    [InlineData(null, 2.5, 100, 63)]
    [InlineData(null, 1.0, 1, 1)]
    [InlineData(7, 2.5, 100, 7)]
    public void Steps_are_as_many_as_are_named_or_as_the_epochs_take(int? steps, double? epochs, long examples, int expected) =>
        Assert.Equal(expected, (s_schedule with { Steps = steps, Epochs = epochs }).StepsFor(examples));
}
