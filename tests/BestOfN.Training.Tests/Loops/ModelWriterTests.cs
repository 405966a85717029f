using BestOfN.Training.Loops;

namespace BestOfN.Training.Tests.Loops;

public sealed class ModelWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => Path.Combine(_folder.Path, "deep", "model");

    [Fact]
    public void A_model_that_fails_half_way_leaves_nothing()
    {
        Assert.Throws<InvalidDataException>(() => ModelWriter.Publish(Output, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
            throw new InvalidDataException("the disk is full");
        }));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Output)!));
    }

    [Fact]
    public void A_folder_left_by_a_training_that_was_killed_is_not_mixed_in()
    {
        Directory.CreateDirectory(Output + ".part");
        File.WriteAllText(Path.Combine(Output + ".part", "old"), "");
        Directory.CreateDirectory(Output);
        ModelWriter.Publish(Output + Path.DirectorySeparatorChar, folder => File.WriteAllText(Path.Combine(folder, "config.json"), "{}"));
        Assert.Equal(["config.json"], Directory.EnumerateFileSystemEntries(Output).Select(Path.GetFileName));
        Assert.False(Directory.Exists(Output + ".part"));
    }

    [Fact]
    public void What_appeared_at_the_place_meanwhile_is_not_written_over()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "mine"), "");
        Assert.Throws<IOException>(
            () => ModelWriter.Publish(Output, folder => File.WriteAllText(Path.Combine(folder, "config.json"), "{}")));
        Assert.Equal(["mine"], Directory.EnumerateFileSystemEntries(Output).Select(Path.GetFileName));
    }

    public void Dispose() => _folder.Dispose();
}
