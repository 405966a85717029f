using BestOfN.Training.Recipes;

namespace BestOfN.Training.Tests.Recipes;

public sealed class RecipeFileTests : IDisposable
{
    private const string Generator = """
        { "worlds": ["pocket-text"], "seed": 1, "output": "model",
          "model": { "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
                     "num_key_value_heads": 2 },
          "training": { "steps": 3, "batch": 1, "learning_rate": 1e-3 }, "kind": "generator" }
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_kind_says_which_recipe_it_is_wherever_it_stands()
    {
        var recipe = Assert.IsType<GeneratorRecipe>(Load(Generator));
        Assert.Equal((1ul, "model", 16), (recipe.Seed, recipe.Output, recipe.Model.HiddenSize));
    }

    [Fact]
    public void A_file_changes_only_the_fields_that_it_names()
    {
        var schedule = Assert.IsType<GeneratorRecipe>(Load(Generator)).Training;
        Assert.Equal(
            new Schedule
            {
                Steps = 3, Batch = 1, LearningRate = 1e-3, Warmup = 100, FinalShare = 0.1,
                WeightDecay = 0.05, Beta2 = 0.98, CheckpointEvery = 500,
            },
            schedule);
        var published = Assert.IsType<PreferenceRecipe>(Load(
            """{ "kind": "preference", "seed": 1, "base": "b", "output": "o", "data": [], "held_out": [], "training": { "steps": 5 } }"""));
        Assert.Equal(PreferenceRecipe.PublishedSchedule with { Steps = 5 }, published.Training);
        Assert.Null(PreferenceRecipe.PublishedSchedule.Steps);
    }

    [Fact]
    public void Every_field_that_is_unknown_missing_or_of_another_type_is_told_at_once()
    {
        var refused = Assert.Throws<RecipeException>(() => Load(
            """
            { "kind": "pocket-reward", "worlds": "pocket-text", "first_lesson": null, "seed": 1.5, "output": null, "vision": 3,
              "model": { "hidden_size": "16", "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
                     "num_key_value_heads": 2 },
              "pairs": { "problems": 2 }, "training": { "steps": 3, "warmup_ratio": 0.1 }, "flaws": {} }
            """));
        Assert.EndsWith(
            "9 mistakes: worlds: expected a list, found \"pocket-text\"; "
            + "first_lesson: not a field that is read; did you mean curriculum_phase?; "
            + "seed: expected a whole number in range, found 1.5; output: expected a text, found null; "
            + "vision: expected an object, found 3; "
            + "model.hidden_size: expected a whole number in range, found \"16\"; "
            + "training.warmup_ratio: not a field that is read; did you mean warmup?; "
            + "flaws: not a field that is read; did you mean process_supervision?; generator: is missing.",
            refused.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "path": 1 }""", "data[0].path: expected a text, found 1")]
    [InlineData("""{ "images": "x" }""", "data[0].path: is missing")]
    [InlineData("null", "data[0]: expected an object, found null")]
    public void A_data_set_is_looked_into(string source, string says)
    {
        var refused = Assert.Throws<RecipeException>(() => Load(
            $$"""{ "kind": "preference", "seed": 1, "base": "b", "output": "o", "data": [{{source}}], "held_out": [] }"""));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_without_steps_is_refused_where_nobody_knows_the_number_of_examples()
    {
        var text = Generator.Replace("\"steps\": 3", "\"epochs\": 2", StringComparison.Ordinal);
        var recipe = Load(text) with { Output = Path.Combine(_folder.Path, "model") };
        var refused = Assert.Throws<RecipeException>(recipe.Validate);
        Assert.Equal(
            "2 mistakes: training.steps: expected at least 1, found nothing; "
            + "training.epochs: expected nothing here, for steps tells the length, found 2.",
            refused.Message);
    }

    public void Dispose() => _folder.Dispose();

    private Recipe Load(string content)
    {
        var path = Path.Combine(_folder.Path, "recipe.json");
        File.WriteAllText(path, content);
        return RecipeFile.Load(path);
    }
}
