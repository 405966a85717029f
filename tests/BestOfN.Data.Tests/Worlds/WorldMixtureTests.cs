using BestOfN.Data.Worlds;

namespace BestOfN.Data.Tests.Worlds;

public sealed class WorldMixtureTests
{
    private static readonly WorldMixture s_mixture = new([PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Text]);

    [Fact]
    public void A_world_that_is_named_twice_is_drawn_from_twice_as_often_and_never_the_same_problem_twice()
    {
        var drawn = Enumerable.Range(0, 300).Select(i => s_mixture.Draw(3, i, Split.Training)).ToArray();
        Assert.Equal(200, drawn.Count(p => p.Pictures.Count == 0));
        Assert.Equal(300, drawn.Select(p => p.Content).Distinct().Count());
    }

    [Fact]
    public void A_mixture_can_draw_from_one_family_of_a_world()
    {
        var mixture = new WorldMixture([PocketWorlds.Text, "pocket-text/route", "pocket-video/frame-order"]);
        var drawn = Enumerable.Range(0, 300).Select(i => mixture.Draw(3, i, Split.Training)).ToArray();
        Assert.All(Enumerable.Range(0, 100),
            i => Assert.Equal((ProblemFamily.Route, ProblemFamily.FrameOrder), (drawn[(3 * i) + 1].Family, drawn[(3 * i) + 2].Family)));
        Assert.Equal(3, Enumerable.Range(0, 100).Select(i => drawn[3 * i].Family).Distinct().Count());
        Assert.Equal(200, drawn.Where(p => p.Frames is null).Select(p => p.Content).Distinct().Count());
    }

    [Theory]
    [InlineData("moon/route", "pocket-image, pocket-text, pocket-video")]
    [InlineData("pocket-video/route", "frame-sum, frame-order")]
    [InlineData("pocket-text/", "pair, route, order")]
    public void An_unknown_world_or_family_is_an_error_that_lists_the_known_ones(string name, string told) =>
        Assert.Contains(told, Assert.Throws<ArgumentException>(() => new WorldMixture([name])).Message, StringComparison.Ordinal);

    [Fact]
    public void Each_world_is_measured_once() =>
        Assert.Equal([PocketWorlds.Text, PocketWorlds.Image],
            new WorldMixture([PocketWorlds.Text, PocketWorlds.Image, "pocket-text/route"]).HeldOut(3, 5).Select(w => w.World));

    [Fact]
    public void The_vocabulary_does_not_depend_on_how_often_a_world_is_drawn_from() =>
        Assert.Equal(
            new WorldMixture([PocketWorlds.Text, PocketWorlds.Image]).VocabularyProblems().Select(p => p.Content),
            s_mixture.VocabularyProblems().Select(p => p.Content));
}
