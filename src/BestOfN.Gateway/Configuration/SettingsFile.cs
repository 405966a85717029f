using Microsoft.Extensions.Configuration.Json;

namespace BestOfN.Gateway.Configuration;

/// <summary>
/// A settings file of JSON. Once it is watched, a changed file counts only if nothing is wrong with it; until then the last good one stays.
/// </summary>
internal sealed class SettingsFile(SettingsFileSource source) : JsonConfigurationProvider(source)
{
    /// <summary>
    /// Called when the file has changed and its settings can be read from the configuration; says what is wrong with them.
    /// </summary>
    public Func<IReadOnlyList<string>>? Check { get; set; }

    /// <summary>Called with what is wrong with a changed file.</summary>
    public Action<IReadOnlyList<string>>? Refused { get; set; }

    public override void Load(Stream stream)
    {
        var lastGood = Data;
        if (Check is null)
        {
            base.Load(stream);
            return;
        }

        IReadOnlyList<string> problems;
        try
        {
            base.Load(stream);
            problems = Check();
        }
        catch (FormatException exception)
        {
            problems = [exception.InnerException?.Message ?? exception.Message];
        }

        if (problems.Count > 0)
        {
            Data = lastGood;
            Refused?.Invoke(problems);
        }
    }
}
