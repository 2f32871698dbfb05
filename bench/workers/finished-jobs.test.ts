import { countFinished } from './finished-jobs';

describe('countFinished', () => {
  it('adds up nothing but the Jobs that ended', () => {
    const page = [
      '# TYPE gleaner_objects gauge',
      'gleaner_objects{resource="jobs",phase="Running"} 7',
      'gleaner_objects{resource="jobs",phase="Complete"} 41',
      'gleaner_objects{resource="jobs",phase="Failed"} 2',
      'gleaner_objects{resource="tasks",phase="Failed"} 9',
    ].join('\n');
    expect(countFinished(page)).toEqual({ complete: 41, failed: 2 });
  });

  it('is zero while there are none', () => {
    expect(countFinished('gleaner_agents{state="Ready"} 3')).toEqual({ complete: 0, failed: 0 });
  });
});
