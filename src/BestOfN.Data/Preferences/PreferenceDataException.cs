namespace BestOfN.Data.Preferences;

/// <summary>A data set is not in the released format. The message names file, record and field.</summary>
public sealed class PreferenceDataException : Exception
{
    public PreferenceDataException(string message, Exception? innerException = null) : base(message, innerException) { }
}
